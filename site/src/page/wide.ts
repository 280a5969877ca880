/** What is wider than the screen can be scrolled with the keyboard, too. */
export function reachWide(): void {
  for (const wide of document.querySelectorAll<HTMLElement>('pre, .canvas, .scroll, table, .whole')) {
    if (wide.scrollWidth > wide.clientWidth) wide.tabIndex = 0
  }
}

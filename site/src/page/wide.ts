/** What is wider than the screen can be scrolled with the keyboard, too, also when the window has become narrower. */
export function reachWide(): void {
  markWide()
  addEventListener('resize', markWide)
}

function markWide(): void {
  for (const wide of document.querySelectorAll<HTMLElement>('pre, .canvas, .scroll, table, .whole')) {
    if (wide.scrollWidth > wide.clientWidth) wide.tabIndex = 0
  }
}

/** Shows the chapter in its tree, without moving the page. */
export function showCurrent(): void {
  const tree = document.getElementById('chapters')
  const current = tree?.querySelector('[aria-current]')
  if (!tree || !current) return
  const show = () => {
    const below = current.getBoundingClientRect().top - tree.getBoundingClientRect().top
    tree.scrollTop += below - tree.clientHeight / 3
  }
  show()
  tree.addEventListener('toggle', show)
  // A section chosen on a phone is what the reader wants to see, not the list.
  tree.addEventListener('click', (event) => {
    if ((event.target as Element).closest('a') && tree.matches(':popover-open')) tree.hidePopover()
  })
}

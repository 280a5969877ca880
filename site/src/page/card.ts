/** A small card beside what is pointed at; one at a time, gone with the pointer, the focus or Esc. */
let card: HTMLElement | undefined

/** Shows the nodes in a card below (or, for want of room, above) the element. */
export function showCard(beside: Element, nodes: Node[], at = beside.getBoundingClientRect()): void {
  card ??= makeCard()
  card.replaceChildren(...nodes)
  card.showPopover()
  const { width, height } = card.getBoundingClientRect()
  const below = at.bottom + 8 + height < innerHeight
  card.style.left = `${Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`
  card.style.top = `${below ? at.bottom + 6 : Math.max(8, at.top - height - 6)}px`
  const own = card
  const hide = () => { if (!own.matches(':hover')) own.hidePopover() }
  beside.addEventListener('pointerleave', () => setTimeout(hide, 150), { once: true })
  beside.addEventListener('focusout', hide, { once: true })
  own.onpointerleave = () => own.hidePopover()
}

function makeCard(): HTMLElement {
  const made = Object.assign(document.createElement('div'), { className: 'preview', popover: 'auto' })
  made.setAttribute('role', 'tooltip')
  document.body.append(made)
  addEventListener('scroll', () => made.hidePopover(), { passive: true })
  return made
}

/** A reference such as H:330, pointed at or reached by key, shows the title there and its first sentence. */
import { load } from './data.ts'
import { showCard } from './card.ts'

/** By tag: the section's title, and how it begins. */
type Sections = Record<string, [string, string]>

export function offerPreviews(): void {
  const text = document.getElementById('content')
  if (!text) return
  text.addEventListener('pointerover', (event) => {
    if (event.pointerType !== 'touch') preview(event.target as Element)
  })
  text.addEventListener('focusin', (event) => preview(event.target as Element))
}

async function preview(target: Element): Promise<void> {
  const link = target.closest<HTMLElement>('a[data-tag]')
  if (!link) return
  link.removeAttribute('title')
  const sections = await load<Sections>('tags')
  const [title, first] = sections[link.dataset.tag!] ?? []
  if (!title || !(link.matches(':hover') || link.matches(':focus-visible'))) return
  showCard(link, [
    Object.assign(document.createElement('b'), { textContent: `${link.dataset.tag} ${title}` }),
    Object.assign(document.createElement('span'), { textContent: first }),
  ])
}

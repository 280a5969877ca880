/**
 * Search, without a server: names and tags first, as they are typed; then the
 * text of the book, through Pagefind's index, which is fetched bit by bit.
 */
import { fromRoot, load } from './data.ts'

/** A name or tag: what it is called, what it is, where it is. */
type Name = [name: string, what: string, url: string]

interface Hit { title: string, about: string, url: string }

/** The little of Pagefind's interface that is used here. */
interface Pagefind {
  debouncedSearch(words: string): Promise<{ results: { data(): Promise<Found> }[] } | null>
}
interface Found {
  url: string
  excerpt: string
  meta: { title?: string }
  sub_results: { title: string, url: string, excerpt: string }[]
}

const most = 8
let dialog: HTMLDialogElement | undefined

/** What opens the search; the button at the top does, too. */
export function offerSearch(): () => void {
  const open = () => {
    dialog ??= makeDialog()
    if (!dialog.open) dialog.showModal()
    dialog.querySelector('input')!.select()
  }
  document.getElementById('search')?.addEventListener('click', open)
  return open
}

function makeDialog(): HTMLDialogElement {
  const made = Object.assign(document.createElement('dialog'), { className: 'search' })
  made.setAttribute('aria-label', 'Search')
  made.innerHTML = `<input type="search" aria-label="A name, a tag, or words" placeholder="A name, a tag, or words" autocomplete="off" spellcheck="false">
<ol class="hits" aria-live="polite"></ol>`
  const input = made.querySelector('input')!
  const list = made.querySelector('ol')!
  input.addEventListener('input', () => { void answer(input, list) })
  made.addEventListener('keydown', (event) => walk(event, made))
  made.addEventListener('click', (event) => { if (event.target === made) made.close() })
  document.body.append(made)
  return made
}

/** Up and down go through the hits; Enter in the field takes the first; Escape closes at once. */
function walk(event: KeyboardEvent, dialog: HTMLDialogElement): void {
  const stops = [dialog.querySelector('input')!, ...dialog.querySelectorAll('a')]
  const at = stops.indexOf(document.activeElement as HTMLAnchorElement)
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
  if (event.key === 'Escape') dialog.close() // else the first one only empties the field
  if (event.key === 'Enter' && at === 0) (stops[1] as HTMLElement | undefined)?.click()
  if (!step) return
  event.preventDefault()
  stops[Math.max(0, Math.min(stops.length - 1, at + step))].focus()
}

async function answer(input: HTMLInputElement, list: HTMLElement): Promise<void> {
  const words = input.value.trim()
  const [meant, like] = words ? await named(words) : [[], []]
  if (input.value.trim() !== words) return
  list.replaceChildren(...[...meant, ...like].map(item))
  const hits = words.length > 1 ? await told(words) : []
  if (hits === null || input.value.trim() !== words) return
  list.replaceChildren(...[...meant, ...hits, ...like].map(item))
  if (words && !list.firstChild) list.append(Object.assign(document.createElement('li'), { textContent: 'Nothing of that name, and nobody speaks of it.' }))
}

/** Names and tags: those that are the words or begin with them, and, to stand behind the text, those that hold them. */
async function named(words: string): Promise<[Hit[], Hit[]]> {
  const all = await load<Name[]>('names').catch(() => [])
  const wanted = words.toLowerCase()
  const rank = (name: string) => (name === wanted ? 0 : name.startsWith(wanted) ? 1 : name.includes(wanted) ? 2 : 3)
  const found = all.map((name) => ({ name, at: rank(name[0].toLowerCase()) }))
    .sort((a, b) => a.at - b.at || a.name[0].length - b.name[0].length)
  const hits = (least: number, below: number) => found.filter(({ at }) => at >= least && at < below).slice(0, most)
    .map(({ name: [title, about, url] }) => ({ title, about, url: fromRoot(url) }))
  return [hits(0, 2), hits(2, 3)]
}

let pagefind: Promise<Pagefind> | undefined

/** Sections whose text speaks of the words; null if more was typed meanwhile. */
async function told(words: string): Promise<Hit[] | null> {
  try {
    pagefind ??= import(new URL(fromRoot('pagefind/pagefind.js'), location.href).href) as Promise<Pagefind>
    const found = await (await pagefind).debouncedSearch(words)
    if (!found) return null
    const pages = await Promise.all(found.results.slice(0, most).map((result) => result.data()))
    return pages.flatMap(({ sub_results, meta }) => sub_results.slice(0, 2).map((sub) =>
      ({ title: sub.title === meta.title ? sub.title : `${meta.title}: ${sub.title}`, about: sub.excerpt, url: sub.url })))
  } catch {
    return []
  }
}

function item({ title, about, url }: Hit): HTMLLIElement {
  const link = Object.assign(document.createElement('a'), { href: url })
  const name = Object.assign(document.createElement('b'), { textContent: title })
  const words = document.createElement('span')
  // Pagefind escapes an excerpt, and marks the words in it.
  words.innerHTML = about
  link.append(name, ' ', words)
  const entry = document.createElement('li')
  entry.append(link)
  return entry
}

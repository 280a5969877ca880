/** What stands around every page: head, chapter tree, section list, neighbours. */
import { bySubject } from './contents.ts'
import { escape } from './highlight.ts'
import { partNames, relative, type Page, type Site } from './model.ts'

export const bookTitle = 'The journey'

export interface Frame {
  url: string
  title: string
  body: string
  /** The chapter, when the page is one. */
  page?: Page
}

/** The reader's choice of light or dark, before anything is painted. */
const theme = "try{const t=localStorage.getItem('theme');if(t)document.documentElement.dataset.theme=t}catch{}"

/** A whole HTML document. */
export function layout(site: Site, frame: Frame): string {
  const to = (url: string) => relative(frame.url, url)
  const title = frame.page ? `${frame.title} · ${bookTitle}` : frame.title
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escape(title)}</title>
<link rel="icon" href="${to('icon.svg')}" type="image/svg+xml">
<link rel="stylesheet" href="${to('style.css')}">
<script>${theme}</script>
<script src="${to('site.js')}" defer></script>
</head>
<body>
<a class="skip" href="#content">Skip to the text</a>
<header class="top">
<button type="button" id="menu" aria-expanded="false" aria-controls="chapters">Chapters</button>
<a class="book" href="${to('index.html')}">${bookTitle}</a>
<nav aria-label="Indexes"><a href="${to('tags.html')}">Tags</a> <a href="${to('files.html')}">Files</a></nav>
<button type="button" id="theme" aria-label="Light or dark">◐</button>
</header>
<nav id="chapters" aria-label="Chapters">${tree(site, frame)}</nav>
<main id="content">
${frame.body}
${frame.page ? turns(site, frame.page) : ''}
</main>
${frame.page ? sections(frame.page) : ''}
</body>
</html>
`
}

/** Trees by the folder they are seen from and the part that stands open. */
const trees = new WeakMap<Site, Map<string, string>>()

/** The chapters by part, long parts by subject; the part that is being read stands open. */
function tree(site: Site, { url, page }: Frame): string {
  const known = trees.get(site) ?? new Map<string, string>()
  trees.set(site, known)
  const key = `${url.slice(0, url.lastIndexOf('/') + 1)} ${page?.part ?? ''}`
  const html = known.get(key) ?? drawTree(site, url, page?.part)
  known.set(key, html)
  return page ? html.replace(`href="${relative(url, url)}"`, '$& aria-current="page"') : html
}

function drawTree(site: Site, from: string, part?: string): string {
  return Object.entries(partNames).map(([letter, name]) => {
    const pages = site.pages.filter((page) => page.part === letter)
    if (pages.length === 0) return ''
    const open = part === undefined || part === letter
    const lists = bySubject(pages).map(([subject, inside]) => {
      const links = inside.map((page) => chapterLink(page, from)).join('\n')
      return `${subject ? `<p>${subject}</p>` : ''}<ol>${links}</ol>`
    })
    return `<details${open ? ' open' : ''}><summary>${letter} · ${name}</summary>${lists.join('\n')}</details>`
  }).join('\n')
}

function chapterLink({ url, number, title }: Page, from: string): string {
  return `<li><a href="${relative(from, url)}"><small>${number}</small> ${escape(title)}</a></li>`
}

/** The sections of this page. */
function sections(page: Page): string {
  const links = page.sections.filter((s) => s.depth === 2 || s.depth === 3).map((s) => {
    const tag = s.tag ? `<b>${s.tag}</b> ` : ''
    return `<li class="depth-${s.depth}"><a href="#${s.id}">${tag}${escape(s.title)}</a></li>`
  })
  return `<nav class="sections" aria-label="On this page"><p>On this page</p><ol>${links.join('\n')}</ol></nav>`
}

/** The way to the chapters before and after. */
function turns(site: Site, page: Page): string {
  const at = site.pages.indexOf(page)
  const link = (other: Page | undefined, rel: string, arrow: (t: string) => string) => other
    ? `<a rel="${rel}" href="${relative(page.url, other.url)}">${arrow(`<small>${other.part}:${other.number}</small> ${escape(other.title)}`)}</a>`
    : '<span></span>'
  return '<nav class="turns" aria-label="Previous and next">'
    + link(site.pages[at - 1], 'prev', (t) => `← ${t}`)
    + link(site.pages[at + 1], 'next', (t) => `${t} →`) + '</nav>'
}

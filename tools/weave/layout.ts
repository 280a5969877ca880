/** What stands around every page: head, chapter tree, neighbours. */
import { bookTitle, bySubject, partsWith } from './contents.ts'
import { headOf } from './running-head.ts'
import { escape } from './highlight.ts'
import { relative, type Page, type Site } from './model.ts'

export interface Frame {
  url: string
  title: string
  body: string
  /** The chapter, when the page is one. */
  page?: Page
  /** What stands at the side instead of the chapters. */
  aside?: string
  /** Without anything at the side. */
  wide?: boolean
}

/** Before anything is painted: that there is a script, and the reader's choice of light or dark. */
const first = "const d=document.documentElement;d.classList.add('js');try{const t=localStorage.getItem('theme');if(t)d.dataset.theme=t}catch{}"

/** Elements of the pages' own, and the script that brings each to life. */
const elements: Record<string, string> = { 'lguest-guest': 'guest.js', 'lguest-pair': 'pair.js', 'kernel-bench': 'kernel.js' }

/** A whole HTML document; `live` is for readers who are writing. */
export function layout(site: Site, frame: Frame, live = false): string {
  const to = (url: string) => relative(frame.url, url)
  const title = frame.page ? `${frame.title} · ${bookTitle}` : frame.title
  const scripts = ['site.js', ...scriptsFor(frame.body), ...(live ? ['live.js'] : [])]
  return `<!doctype html>
<html lang="en" data-root="${to('index.html').replace('index.html', '')}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escape(title)}</title>
${frame.page?.summary ? `<meta name="description" content="${frame.page.summary.replace(/<[^>]*>/g, '')}">` : ''}
<link rel="icon" href="${to('icon.svg')}" type="image/svg+xml">
<link rel="stylesheet" href="${to('style.css')}">
${frame.page ? `<style>${headOf(frame.page)}</style>\n` : ''}<script>${first}</script>
${scripts.map((script) => `<script src="${to(script)}" defer></script>`).join('\n')}
</head>
<body${frame.wide ? ' class="wide"' : ''}>
<a class="skip" href="#content">Skip to the text</a>
${top(frame, to)}
<main id="content" tabindex="-1"${frame.page ? ' data-pagefind-body' : ''}>
${frame.body}
</main>
<nav id="chapters" popover aria-label="${frame.aside ? 'Files' : 'Chapters'}">${frame.aside ?? tree(site, frame)}${elsewhere(to)}</nav>
</body>
</html>
`
}

const scriptsFor = (body: string) => Object.entries(elements).flatMap(([element, script]) =>
  (body.includes(`<${element}`) ? [script] : []))

function top(frame: Frame, to: (url: string) => string): string {
  return `<header class="top">
<button type="button" id="menu" popovertarget="chapters">${frame.aside ? 'Files' : 'Chapters'}</button>
<a class="book" href="${to('index.html')}">${bookTitle}</a>
<nav aria-label="Indexes"><a href="${to('contents.html')}">Contents</a> <a href="${to('files.html')}">Files</a> <a href="${to('names.html')}">Names</a> <a href="${to('tags.html')}">Tags</a></nav>
<button type="button" id="search" class="needs-script" aria-keyshortcuts="/">Search <kbd>/</kbd></button>
<button type="button" id="theme" class="needs-script" aria-label="Light or dark">◐</button>
</header>`
}

/** On a phone the indexes are reached from the list of chapters. */
const elsewhere = (to: (url: string) => string) =>
  `<p class="elsewhere"><a href="${to('contents.html')}">Contents</a> <a href="${to('files.html')}">Files</a> <a href="${to('names.html')}">Names</a> <a href="${to('tags.html')}">Tags</a></p>`

/** Trees by the folder they are seen from and the part that stands open. */
const trees = new WeakMap<Site, Map<string, string>>()

/** The chapters by part, long parts by subject; the part that is being read stands open, and in it the chapter. */
function tree(site: Site, { url, page }: Frame): string {
  const known = trees.get(site) ?? new Map<string, string>()
  trees.set(site, known)
  const key = `${url.slice(0, url.lastIndexOf('/') + 1)} ${page?.part ?? ''}`
  const html = known.get(key) ?? drawTree(site, url, page?.part)
  known.set(key, html)
  if (!page) return html
  const own = `<li><a href="${relative(url, url)}">`
  const at = html.indexOf(own)
  const end = html.indexOf('</li>', at)
  return html.slice(0, at) + `<li class="here"><a href="${relative(url, url)}" aria-current="page">`
    + html.slice(at + own.length, end) + sections(page) + html.slice(end)
}

function drawTree(site: Site, from: string, part?: string): string {
  return partsWith(site.pages).map(([{ letter, name }, pages]) => {
    const open = part === letter
    const lists = bySubject(pages).map(([subject, inside]) => {
      const links = inside.map((page) => chapterLink(page, from)).join('\n')
      return `${subject ? `<p>${subject}</p>` : ''}<ol>${links}</ol>`
    })
    return `<details${open ? ' open' : ''}><summary><span class="tag">${letter}</span> ${name}</summary>${lists.join('\n')}</details>`
  }).join('\n')
}

function chapterLink({ url, number, title }: Page, from: string): string {
  return `<li><a href="${relative(from, url)}"><small>${number}</small> <span>${escape(title)}</span></a></li>`
}

/** The sections of this page. */
function sections(page: Page): string {
  const links = page.sections.filter((s) => s.depth === 2 || s.depth === 3).map((s) => {
    const tag = s.tag ? `<small>${s.tag}</small> ` : ''
    return `<li class="depth-${s.depth}"><a href="#${s.id}">${tag}<span>${escape(s.title)}</span></a></li>`
  })
  return links.length ? `<ol class="sections">${links.join('\n')}</ol>` : ''
}

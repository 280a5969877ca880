/**
 * The whole book as one page, to be printed: every chapter in reading order,
 * references leading inside it, running heads that name part and chapter.
 */
import { wholeChapter, type Chapter } from './chapter.ts'
import { bookTitle, partsWith } from './contents.ts'
import { escape } from './highlight.ts'
import type { Page, Site } from './model.ts'
import { headOf, wordFor } from './running-head.ts'

export const bookUrl = 'book.html'

/** The document; its chapters' ids bear the chapter's name before them. */
export function bookPage(site: Site, chapters: Chapter[]): string {
  const names = new Map(chapters.map(({ page }) => [page.url, wordFor(page)]))
  const heads = chapters.map(({ page }) => headOf(page, `.${wordFor(page)}`)).join('\n')
  const bodies = chapters.map((chapter) => {
    const name = wordFor(chapter.page)
    return `<article class="chapter ${name}" id="${name}">${inBook(site, chapter, names)}</article>`
  })
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${bookTitle}</title>
<link rel="icon" href="icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="style.css">
<style>
${heads}
</style>
</head>
<body class="wide whole-book">
<main id="content">
<header class="cover"><h1>${bookTitle}</h1><p class="lead">A hypervisor you can read. The whole book, to be printed.</p></header>
${contentsOf(site, names)}
${bodies.join('\n')}
</main>
</body>
</html>
`
}

function contentsOf(site: Site, names: Map<string, string>): string {
  const parts = partsWith(site.pages).map(([{ letter, name }, pages]) =>
    `<h2>${letter} · ${name}</h2><ol class="toc">${pages.map((page) =>
      `<li><a href="#${names.get(page.url)}"><span class="tag">${page.number}</span> <b>${escape(page.title)}</b></a><span class="on-page"></span></li>`).join('')}</ol>`)
  return `<nav aria-label="Contents" class="book-contents">${parts.join('\n')}</nav>`
}

/** What leads within the chapter or to another leads within the book, whose title stands over all headings. */
function inBook(site: Site, chapter: Chapter, names: Map<string, string>): string {
  const name = wordFor(chapter.page)
  const plain = wholeChapter(site, chapter).replace(/<span class="around" hidden>[^]*?\n<\/span><\/span>/g, '')
    .replace(/<(\/?)h([1-5])\b/g, (_, end: string, level: string) => `<${end}h${Number(level) + 1}`)
  return plain.replace(/ (id|for|aria-labelledby|aria-describedby|href)="([^"]*)"/g, (_, attribute: string, value: string) =>
    ` ${attribute}="${attribute === 'href' ? addressIn(chapter.page, value, names) : `${name}.${value}`}"`)
}

/** An address of the chapter's page, as seen from the book. */
function addressIn(page: Page, url: string, names: Map<string, string>): string {
  if (/^[a-z]+:/.test(url)) return url
  const [path, hash] = url.split('#')
  const steps = page.url.split('/').slice(0, -1)
  for (const step of path.split('/')) {
    if (step === '..') steps.pop()
    else if (step) steps.push(step)
  }
  const target = path ? steps.join('/') : page.url
  const name = names.get(target)
  if (name) return hash ? `#${name}.${hash}` : `#${name}`
  return target + (hash ? `#${hash}` : '')
}

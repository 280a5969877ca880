/** How a chapter opens, and how it closes. */
import { duration, partsOfBook } from './contents.ts'
import { escape } from './highlight.ts'
import { emblem } from './map.ts'
import { chapterName, relative, wholeUrl, type Page, type Site } from './model.ts'
import { originalOf, type Original } from './originals.ts'

/** A chapter's page and what the weave made of its title and text. */
export interface Chapter { page: Page, title: string, html: string }

/** All of a chapter, from its part to the way on. */
export const wholeChapter = (site: Site, { page, title, html }: Chapter): string =>
  `${opening(site, page, title)}\n<div class="text">${html}</div>\n${closing(site, page)}`

/** Part H · Host */
export function partTitle({ part }: Page): string {
  const found = partsOfBook.find(({ letter }) => letter === part)
  return found ? `Part ${part} · ${found.name}` : part
}

/** Part, number, title, what is told, how long it takes. */
function opening(site: Site, page: Page, title: string): string {
  const tag = page.sections[0]?.tag
  const about = [
    duration(page.minutes),
    page.codeLines ? `${page.codeLines} lines of code` : '',
    ...filesBegun(site, page),
  ].filter(Boolean)
  return `<header class="opening">${emblem(page.part)}
<p class="part"><a href="${relative(page.url, `contents.html#part-${page.part}`)}">${partTitle(page)}</a></p>
<h1 id="${page.sections[0]?.id ?? 'title'}"><span class="number">${escape(tag ?? chapterName(page))}</span> <span class="title">${title}</span></h1>
${page.summary ? `<p class="summary">${page.summary}</p>` : ''}
<p class="about">${about.map((fact) => `<span>${fact}</span>`).join(' ')}</p></header>`
}

/** Links to the files that begin in this chapter; a few by name, else their number. */
function filesBegun(site: Site, page: Page): string[] {
  const files = [...site.blocksOf].filter(([definition, blocks]) =>
    definition.root && blocks[0].block.chapter === page.path).map(([definition]) => definition.name)
  if (files.length > 3) return [`<a href="${relative(page.url, 'files.html')}">${files.length} new files</a>`]
  return files.map((file) => `<a href="${relative(page.url, wholeUrl(file))}"><code>${escape(file)}</code></a>`)
}

/** How to try it, where it is written, what it retells, and the way on. */
function closing(site: Site, page: Page): string {
  const name = page.sections.find(({ tag }) => tag)?.tag
  const facts = [
    name ? row('Its tests', `<code class="command" data-copy>npm test -- ${name}</code>`) : '',
    row('Its source', `<code>${escape(page.path)}</code>`),
    retold(page),
  ]
  return `<footer class="closing"><dl>${facts.join('')}</dl>${turns(site, page)}</footer>`
}

const row = (what: string, value: string) => `<div><dt>${what}</dt><dd>${value}</dd></div>`

/** The files of Linux in which the chapter's tags stood, and which were there. */
function retold(page: Page): string {
  const tagsOf = new Map<Original, string[]>()
  for (const { tag } of page.sections) {
    const original = tag && originalOf(tag)
    if (original) tagsOf.set(original, [...tagsOf.get(original) ?? [], tag])
  }
  if (tagsOf.size === 0) return ''
  const places = [...tagsOf].map(([{ file, release }, tags]) =>
    `<cite>${file}</cite> of ${release}, at ${tags.length > 2 ? `${tags[0]} to ${tags.at(-1)}` : tags.join(' and ')}`)
  return row('First told in', places.join('; '))
}

/** The way to the chapters before and after. */
function turns(site: Site, page: Page): string {
  const at = site.pages.indexOf(page)
  const link = (other: Page | undefined, rel: string, what: string) => (other
    ? `<a rel="${rel}" href="${relative(page.url, other.url)}"><small>${what}</small>
<b><span class="tag">${chapterName(other)}</span> ${escape(other.title)}</b>${rel === 'next' && other.summary ? `<span>${other.summary}</span>` : ''}</a>`
    : '<span></span>')
  return `<nav class="turns" aria-label="Previous and next">${link(site.pages[at - 1], 'prev', '← Before')}${link(site.pages[at + 1], 'next', 'Next →')}</nav>`
}

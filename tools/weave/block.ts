/**
 * A block of code on the page: over it the file and the chunk it is, under it
 * where it was defined, where it is extended and where it is used.
 */
import type { Code } from 'mdast'
import type { Diagnostics } from '../tangle/diagnostics.ts'
import { type Colourist, escape } from './highlight.ts'
import { filesOf, keyOf, nameOf, relative, wholeUrl, type Page, type Site, type Woven } from './model.ts'
import { draw, isPicture } from './pictures/draw.ts'
import { PictureError } from './pictures/picture.ts'
import { linkTagsInHtml } from './tags.ts'

/** The HTML of a fence of `page`; what is wrong with a picture goes to `out`. */
export async function weaveBlock(
  site: Site, page: Page, node: Code, colourist: Colourist, out: Diagnostics,
): Promise<string> {
  if (isPicture(node.lang)) return picture(site, page, node, out)
  const woven = site.woven.get(keyOf(page.path, node.position!.start.line))
  const lines = await colourist.lines(node.value, node.lang ?? 'text')
  if (!woven) return plain(node, lines)
  const body = trimmed(lines.map((line, i) => linked(site, page, woven, i) ?? line)).join('\n')
  const code = `<pre><code>${body}\n</code></pre>`
  const figure = `<figure class="code" id="${woven.id}">`
    + caption(site, page, woven) + code + neighbours(site, page, woven) + '</figure>'
  return woven.block.info.classes.has('hidden') ? folded(site, woven, figure) : figure
}

/** A picture drawn; if it cannot be, its text as it stands. */
function picture(site: Site, page: Page, node: Code, out: Diagnostics): string {
  try {
    const drawn = draw(node.lang!, node.value)
    if (drawn.includes('<svg')) return drawn
    return linkTagsInHtml(site, drawn, ({ url, title }) => ({ url: relative(page.url, url), title }))
  } catch (error) {
    if (!(error instanceof PictureError)) throw error
    const { line, column } = node.position!.start
    out.error(error.placeIn({ file: page.path, line, column }), error.message, error.hint)
    return plain({ ...node, lang: null }, node.value.split('\n').map(escape))
  }
}

/** Without the empty lines at either end, which only keep pieces of a file apart. */
function trimmed(lines: string[]): string[] {
  const full = (line: string) => line.trim() !== ''
  return lines.slice(lines.findIndex(full), lines.findLastIndex(full) + 1)
}

/** Drawings and examples: nothing is tangled from them. */
function plain(node: Code, lines: string[]): string {
  const drawing = node.lang == null || node.lang === 'text' || node.lang === 'txt'
  const pre = `<pre><code>${lines.join('\n')}\n</code></pre>`
  return `<figure class="${drawing ? 'drawing' : 'code example'}">${pre}</figure>`
}

function folded(site: Site, woven: Woven, figure: string): string {
  const name = escape(nameOf(site, woven.definition))
  return `<details class="hidden-code"><summary>${name}</summary>${figure}</details>`
}

/** A reference becomes a link to the chunk it stands for. */
function linked(site: Site, page: Page, woven: Woven, line: number): string | undefined {
  const reference = woven.block.references.get(line)
  if (!reference) return undefined
  const target = site.firstOf.get(reference.id)
  const name = `⟨${escape(reference.name)}⟩`
  if (!target) return `${reference.indent}<span class="ref missing">${name}</span>`
  return `${reference.indent}<a class="ref" href="${relative(page.url, target.url)}">${name}</a>`
}

function caption(site: Site, page: Page, woven: Woven): string {
  const { definition, nth } = woven
  const name = escape(nameOf(site, definition))
  const link = `<a class="name" href="#${woven.id}">${definition.root ? name : `⟨${name}⟩`}</a>`
  const more = nth ? '<span class="more">continued</span>' : ''
  return `<figcaption>${link}${more}${inFiles(site, page, woven)}</figcaption>`
}

/** Links to where the block stands in its file, between what is before and after it. */
function inFiles(site: Site, page: Page, woven: Woven): string {
  const files = filesOf(site, woven.definition).map((file) => {
    const url = relative(page.url, `${wholeUrl(file)}#${woven.id}`)
    return `<a href="${url}">${woven.definition.root ? 'whole' : escape(file)}</a>`
  })
  if (files.length === 0) return ''
  return `<span class="file">${woven.definition.root ? '' : 'in '}${files.join(', ')}</span>`
}

function neighbours(site: Site, page: Page, woven: Woven): string {
  const all = site.blocksOf.get(woven.definition)!
  const parts = [
    woven.nth > 0 ? list('Defined in', page, site, [all[0]]) : '',
    list(woven.nth > 0 ? 'Also extended in' : 'Extended in', page, site,
      all.filter((other, i) => i > 0 && other !== woven)),
    list('Used in', page, site, site.usedIn.get(woven.definition) ?? []),
  ].filter(Boolean)
  return parts.length ? `<div class="neighbours">${parts.join('')}</div>` : ''
}

function list(what: string, page: Page, site: Site, blocks: Woven[]): string {
  if (blocks.length === 0) return ''
  const times = new Map<string, number>()
  const links = blocks.map((woven) => {
    const place = sectionName(site, woven)
    const name = what === 'Used in' ? `${nameOf(site, woven.definition)} (${place})` : place
    const nth = (times.get(name) ?? 0) + 1
    times.set(name, nth)
    const label = nth > 1 ? `${name} (${nth})` : name
    return `<a href="${relative(page.url, woven.url)}">${escape(label)}</a>`
  })
  return `<p>${what} ${links.join(', ')}</p>`
}

/** The tag, or else the title, of the section that holds a block. */
export function sectionName(site: Site, woven: Woven): string {
  const page = site.pageOf.get(woven.block.chapter)!
  const { line } = woven.block.fence
  const section = page.sections.findLast((s) => s.line < line) ?? page.sections[0]
  return section?.tag ?? section?.title ?? page.title
}

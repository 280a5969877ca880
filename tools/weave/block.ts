/**
 * A block of code on the page: over it the file it goes to and where in it, its
 * name, and which piece it is; under it the other places that use it; around
 * it, on demand, the lines between which it stands.
 */
import type { Code } from 'mdast'
import type { Block } from '../tangle/book.ts'
import type { Diagnostics } from '../tangle/diagnostics.ts'
import { lineText, type Line } from '../tangle/expand.ts'
import { depthOf, type Colourist, escape } from './highlight.ts'
import { filesOf, keyOf, nameOf, relative, wholeUrl, type Page, type Site, type Woven } from './model.ts'
import { draw, isPicture } from './pictures/draw.ts'
import { PictureError } from './pictures/picture.ts'
import { neighbourhood, runsOf, surroundings, type BlockPlace } from './places.ts'
import { linkTagsInHtml } from './tags.ts'

/** The HTML of a fence of `page`; what is wrong with a picture goes to `out`. */
export async function weaveBlock(
  site: Site, page: Page, node: Code, colourist: Colourist, out: Diagnostics,
): Promise<string> {
  if (isPicture(node.lang)) return picture(site, page, node, out)
  const demo = site.demos.get(keyOf(page.path, node.position!.start.line))
  if (demo) return demo
  const woven = site.woven.get(keyOf(page.path, node.position!.start.line))
  const lines = await colourist.lines(node.value, node.lang ?? 'text')
  if (!woven) return plain(node, lines)
  const place = site.places.get(woven.block)?.[0]
  const body = trimmed(lines.map((line, i) => linked(site, page, woven, i) ?? line)).map(lineOf).join('')
  const around = place ? await contextOf(place, colourist) : { before: '', after: '' }
  const code = `<pre${carried(place)}><code>${around.before}${body}${around.after}</code></pre>`
  const figure = `<figure class="code" id="${woven.id}"${place ? standing(place, woven.block) : ''}>`
    + caption(site, page, woven, place) + code + usedElsewhere(site, page, woven) + '</figure>'
  return woven.block.info.classes.has('hidden') ? folded(site, woven, node, figure) : figure
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

/** A line of its own: on a phone it wraps, and what wraps hangs by the line's own depth. */
const lineOf = (html: string): string => `<span class="l"${depthOf(html)}>${html}\n</span>`

/** Drawings and examples: nothing is tangled from them. */
function plain(node: Code, lines: string[]): string {
  const drawing = node.lang == null || node.lang === 'text' || node.lang === 'txt'
  const columns = Math.max(1, ...node.value.split('\n').map((line) => line.length))
  if (drawing) return `<figure class="drawing"><pre style="--columns:${columns}"><code>${lines.join('\n')}\n</code></pre></figure>`
  return `<figure class="code example"><pre><code>${lines.map(lineOf).join('')}</code></pre></figure>`
}

/** What a reader need not see to follow: its name and size stand for it. */
function folded(site: Site, woven: Woven, node: Code, figure: string): string {
  const count = node.value.split('\n').filter((line) => line.trim()).length
  const name = escape(nameOf(site, woven.definition))
  return `<details class="hidden-code"><summary>${name}, ${count} ${count === 1 ? 'line' : 'lines'}</summary>${figure}</details>`
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

/** The lines between which a block stands in its file, dimmed and not yet seen. */
async function contextOf(place: BlockPlace, colourist: Colourist): Promise<{ before: string, after: string }> {
  const { before, after } = surroundings(place)
  const show = async (lines: Line[]) => {
    const shown: string[] = []
    for (const line of lines) shown.push(await colouredLine(line, colourist))
    return shown.length ? `<span class="around" hidden>${shown.map(lineOf).join('')}</span>` : ''
  }
  return { before: await show(before), after: await show(after) }
}

/** For what knows of types: file, each run of lines, and indentation. */
function standing(place: BlockPlace, { fence: { body } }: Block): string {
  const indent = place.file.lines[place.from - 1].indent.length
  const runs = runsOf(place, body).map((run) => run.join('-'))
  return ` data-place="${place.file.path}:${runs.join(',')}:${indent}"`
}

/** How far a block is indented in its file: with the lines around it, it stands there. */
function carried(place?: BlockPlace): string {
  const indent = place?.file.lines[place.from - 1].indent.length
  return indent ? ` style="--in:${indent}"` : ''
}

/** A line of a tangled file, with the indentation it has there. */
async function colouredLine(line: Line, colourist: Colourist): Promise<string> {
  const coloured = await colourist.lines(line.block.fence.body.join('\n'), line.block.info.lang)
  return (lineText(line) && line.indent) + coloured[line.index]
}

function caption(site: Site, page: Page, woven: Woven, place?: BlockPlace): string {
  const { definition } = woven
  const name = definition.root ? '' : `<a class="name" href="#${woven.id}">⟨${escape(nameOf(site, definition))}⟩</a>`
  return `<figcaption>${inFiles(site, page, woven, place)}${name}${pieces(site, page, woven)}</figcaption>`
}

/** Links to where the block stands in its file, and between what. */
function inFiles(site: Site, page: Page, woven: Woven, place?: BlockPlace): string {
  const files = filesOf(site, woven.definition).map((file) => {
    const url = relative(page.url, `${wholeUrl(file)}#${woven.id}`)
    return `<a class="file" href="${url}">${escape(file)}</a>`
  })
  if (files.length === 0) return ''
  return `<span class="where">${files.join(', ')}${place ? whereIn(place) : ''}</span>`
}

function whereIn(place: BlockPlace): string {
  if (place.from === 1) return ', <i>from its first line</i>'
  const { inside, after } = neighbourhood(place)
  const words = [inside ? `in <code>${inside}</code>` : '', after ? `after <code>${after}</code>` : '']
  return words.filter(Boolean).map((word) => `, <i>${word}</i>`).join('')
}

/** Which piece of its definition a block is, with the way to those before and after. */
function pieces(site: Site, page: Page, woven: Woven): string {
  const all = site.blocksOf.get(woven.definition)!
  if (all.length < 2) return ''
  const way = (to: Woven | undefined, words: string, arrow: string) => (to
    ? `<a href="${relative(page.url, to.url)}" title="${words}, in ${escape(sectionName(site, to))}" aria-label="${words}">${arrow}</a>` : '')
  return `<span class="pieces">${way(all[woven.nth - 1], 'Previous piece', '‹')} piece ${woven.nth + 1} of ${all.length} ${way(all[woven.nth + 1], 'Next piece', '›')}</span>`
}

/** Which blocks of other sections refer to this one; those of its own are in sight. */
function usedElsewhere(site: Site, page: Page, woven: Woven): string {
  const here = sectionName(site, woven)
  const users = (site.usedIn.get(woven.definition) ?? []).filter((user) =>
    user.block.chapter !== page.path || sectionName(site, user) !== here)
  if (users.length === 0 || woven.nth > 0) return ''
  const links = users.map((user) =>
    `<a href="${relative(page.url, user.url)}">${escape(nameOf(site, user.definition))} (${escape(sectionName(site, user))})</a>`)
  return `<p class="neighbours">Used in ${links.join(', ')}</p>`
}

/** The tag, or else the title, of the section that holds a block. */
export function sectionName(site: Site, woven: Woven): string {
  const page = site.pageOf.get(woven.block.chapter)!
  const { line } = woven.block.fence
  const section = page.sections.findLast((s) => s.line < line) ?? page.sections[0]
  return section?.tag ?? section?.title ?? page.title
}

/**
 * A file of the system, whole: the pieces that the chapters tell, in the order
 * in which they are tangled, each beside the section that tells it.
 *
 * Every line has an address of its own, `#L12`, so a place in generated/ is a
 * place on the site; `?line=12` leads there, too.
 */
import { opening, type Block } from '../tangle/book.ts'
import { lineText, type Line, type TangledFile } from '../tangle/expand.ts'
import { sectionName } from './block.ts'
import { fileTree, sizeOf } from './file-tree.ts'
import { depthOf, escape, type Colourist } from './highlight.ts'
import type { Frame } from './layout.ts'
import { chapterName, keyOf, nameOf, relative, wholeUrl, type Site, type Woven } from './model.ts'

/** Neighbouring lines of one block; the first is the file's line `from`. */
interface Piece { block: Block, lines: Line[], from: number }

/** The page of a file. */
export async function wholeFile(site: Site, file: TangledFile, colourist: Colourist): Promise<Frame> {
  const url = wholeUrl(file.path)
  const seen = new Set<string>()
  const pieces: string[] = []
  for (const piece of piecesOf(file)) pieces.push(await show(site, url, piece, colourist, seen))
  const body = `<header class="opening file-opening"><p class="part"><a href="${relative(url, 'files.html')}">Files of the system</a></p>
<h1><code>${escape(file.path)}</code></h1>
<p class="about"><span>${sizeOf(file)}</span> <span>as it is tangled; beside each piece the section that tells it</span></p></header>
<div class="whole" data-file="${escape(file.path)}">${pieces.join('\n')}</div>`
  return { url, title: file.path, body, aside: fileTree(site, url) }
}

function piecesOf(file: TangledFile): Piece[] {
  const pieces: Piece[] = []
  file.lines.forEach((line, i) => {
    const last = pieces.at(-1)
    if (last && areTogether(last.lines[0], line)) last.lines.push(line)
    else pieces.push({ block: line.block, lines: [line], from: i + 1 })
  })
  return pieces
}

/** Lines of one block stand together, and so do those that tangling wrote. */
const areTogether = (a: Line, b: Line): boolean =>
  (a.text === undefined ? b.text === undefined && a.block === b.block : b.text !== undefined)

/** A piece; the first of its block bears the block's id. */
async function show(
  site: Site, url: string, { block, lines, from }: Piece, colourist: Colourist, seen: Set<string>,
): Promise<string> {
  if (lines[0].text !== undefined) return written(lines, from, colourist)
  const coloured = await colourist.lines(block.fence.body.join('\n'), block.info.lang)
  const code = lines.map((line, i) => lineAt(from + i, (lineText(line) && line.indent) + coloured[line.index])).join('')
  const { file, line } = opening(block)
  const woven = site.woven.get(keyOf(file, line))!
  const id = seen.has(woven.id) ? '' : ` id="${woven.id}"`
  seen.add(woven.id)
  return `<section${id}>${labelOf(site, url, woven, lines)}<pre style="--from:${from - 1}"><code>${code}</code></pre></section>`
}

const lineAt = (number: number, html: string): string => `<span class="l" id="L${number}"${depthOf(html)}>${html}\n</span>`

/** The imports that tangling wrote, which no section tells. */
async function written(lines: Line[], from: number, colourist: Colourist): Promise<string> {
  const coloured = await colourist.lines(lines.map(lineText).join('\n'), 'ts')
  const code = coloured.map((html, i) => lineAt(from + i, html)).join('')
  return `<section><span></span><pre style="--from:${from - 1}"><code>${code}</code></pre></section>`
}

/** The section and the chunk of a piece; an empty one needs no label. */
function labelOf(site: Site, url: string, woven: Woven, lines: Line[]): string {
  if (lines.every((line) => lineText(line).trim() === '')) return '<span></span>'
  const name = woven.definition.root ? '' : ` <i>⟨${escape(nameOf(site, woven.definition))}⟩</i>`
  return `<a href="${relative(url, woven.url)}" title="${escape(sectionName(site, woven))}">${tagOf(site, woven)}${name}</a>`
}

/** The section's tag; where it has none, the chapter's. */
function tagOf(site: Site, woven: Woven): string {
  const name = sectionName(site, woven)
  return site.tags.has(name) ? name : chapterName(site.pageOf.get(woven.block.chapter)!)
}

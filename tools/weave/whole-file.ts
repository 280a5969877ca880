/**
 * A file of the system, whole: the pieces that the chapters tell, in the order
 * in which they are tangled, each beside the section that tells it.
 *
 * It is where a block's "in this file" leads, and shows the block between what
 * stands before and after it there.
 */
import { opening, type Block } from '../tangle/book.ts'
import { lineText, type Line, type TangledFile } from '../tangle/expand.ts'
import { sectionName } from './block.ts'
import { escape, type Colourist } from './highlight.ts'
import type { Frame } from './layout.ts'
import { keyOf, relative, wholeUrl, type Site, type Woven } from './model.ts'

/** Neighbouring lines of one block. */
interface Piece { block: Block, lines: Line[] }

/** The page of a file. */
export async function wholeFile(site: Site, file: TangledFile, colourist: Colourist): Promise<Frame> {
  const url = wholeUrl(file.path)
  const seen = new Set<string>()
  const pieces: string[] = []
  for (const piece of piecesOf(file)) pieces.push(await show(site, url, piece, colourist, seen))
  const body = `<h1><code>${escape(file.path)}</code></h1>
<p>The whole file, as it is tangled; beside each piece the section that tells it.</p>
<div class="whole">${pieces.join('\n')}</div>`
  return { url, title: file.path, body }
}

function piecesOf(file: TangledFile): Piece[] {
  const pieces: Piece[] = []
  for (const line of file.lines) {
    const last = pieces.at(-1)
    if (last?.block === line.block) last.lines.push(line)
    else pieces.push({ block: line.block, lines: [line] })
  }
  return pieces
}

/** A piece; the first of its block bears the block's id. */
async function show(
  site: Site, url: string, { block, lines }: Piece, colourist: Colourist, seen: Set<string>,
): Promise<string> {
  const coloured = await colourist.lines(block.fence.body.join('\n'), block.info.lang)
  const code = lines.map((line) => (lineText(line) && line.indent) + coloured[line.index]).join('\n')
  const { file, line } = opening(block)
  const woven = site.woven.get(keyOf(file, line))!
  const id = seen.has(woven.id) ? '' : ` id="${woven.id}"`
  seen.add(woven.id)
  const place = `<a href="${relative(url, woven.url)}" title="${escape(sectionName(site, woven))}">${tagOf(site, woven)}</a>`
  return `<section${id}>${code.trim() ? place : '<span></span>'}<pre><code>${code}\n</code></pre></section>`
}

/** The section's tag; where it has none, the chapter's. */
function tagOf(site: Site, woven: Woven): string {
  const name = sectionName(site, woven)
  const page = site.pageOf.get(woven.block.chapter)!
  return site.tags.has(name) ? name : `${page.part}:${page.number}`
}

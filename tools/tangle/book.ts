/**
 * The book as the tangler sees it: chapters with their fences read, and the
 * chunks and roots that they define.
 *
 * Invariant: a definition's blocks stand in reading order, the first without
 * .append and every other with it.
 */
import { at, type Diagnostics, type Place } from './diagnostics.ts'
import { readInfo, type FenceInfo } from './fence-info.ts'
import type { Fence, Outline, Unread } from './markdown.ts'
import { nearest } from './names.ts'
import { Paths } from './paths.ts'
import { findReferences, type References } from './references.ts'

export interface ParsedChapter extends Outline {
  path: string
}

/** A fence that is tangled. */
export interface Block {
  /** The chapter's path. */
  chapter: string
  fence: Fence
  info: FenceInfo
  references: References
}

export interface Definition {
  /** The slug of a chunk, or the file of a root. */
  name: string
  root: boolean
  blocks: Block[]
}

export interface Book {
  /** Paths of the chapters, in reading order. */
  order: string[]
  roots: Map<string, Definition>
  chunks: Map<string, Definition>
}

/** Where line `index` of a block's body stands in its chapter. */
export function placeOf(block: Block, index: number, column = 0): Place {
  const { line, columns } = block.fence
  return at(block.chapter, line + 1 + index, (columns?.[index] ?? 1) + column)
}

/** Where a block opens. */
export function opening(block: Block): Place {
  return at(block.chapter, block.fence.line, block.fence.column)
}

export const describe = (d: Definition) => (d.root ? `file '${d.name}'` : `chunk '${d.name}'`)

/** Gathers all definitions of the chapters, given in reading order. */
export function gather(chapters: ParsedChapter[], out: Diagnostics): Book {
  const book: Book = { order: chapters.map((c) => c.path), roots: new Map(), chunks: new Map() }
  const strays: Block[] = []
  for (const chapter of chapters) {
    if (chapter.tooDeep) out.error(at(chapter.path, 1, 1), 'quotes and lists in each other, too deep to be read', 'unfold them')
    for (const line of chapter.unread) checkUnread(chapter.path, line, out)
    for (const [i, fence] of chapter.fences.entries()) {
      if (endsUnread(chapter, i)) continue
      const block = readBlock(chapter.path, fence, out)
      if (block && !define(book, block, out)) strays.push(block)
    }
  }
  for (const stray of strays) reportStray(book, stray, out)
  checkPaths(book, out)
  return book
}

/** Does a fence that Markdown did not read because of a backtick end here, where it reads the beginning of another? */
function endsUnread({ fences, unread }: Outline, i: number): boolean {
  const from = fences[i - 1]?.line ?? 0
  return unread.some(({ line, opening }) => tickBehind.test(opening) && line > from && line < fences[i].line)
}

const tickBehind = /^`+[^`]+`/

/** What looks like a fence of the book, of two marks, in HTML or indented like code, would silently be no code. */
function checkUnread(chapter: string, { line, column, opening }: Unread, out: Diagnostics): void {
  const [, lang, attributes] = /^[`~]+\s*([^\s{]*)\s*(.*)$/s.exec(opening)!
  if (!attributes && !isOurs(lang)) return
  out.error(at(chapter, line, column), 'this looks like a fence, but Markdown does not read it as one', whyUnread(opening))
}

function whyUnread(opening: string): string {
  if (tickBehind.test(opening)) return 'no backtick may stand behind its marks, unless they are tildes'
  if (opening[2] !== opening[0]) return 'a fence has three marks at least'
  return 'put a blank line between it and HTML above it, and indent it by three blanks at most'
}

function checkPaths(book: Book, out: Diagnostics): void {
  const paths = new Paths()
  for (const { name, blocks } of book.roots.values()) {
    const wrong = paths.add(name)
    if (wrong) out.error(opening(blocks[0]), `file '${name}' ${wrong}`, 'choose another name for one of them')
  }
}

/** Lines whose text is not what stands in the chapter could not be carried back. */
function checkLines(chapter: string, { line, column, halfTab, mixedEnds }: Fence, out: Diagnostics): void {
  if (mixedEnds) out.error(at(chapter, line, column), 'the lines of this fence end some with CR, some with LF', 'end them all alike')
  if (halfTab === undefined) return
  out.error(at(chapter, line + 1 + halfTab, 1), 'a tab that is indentation of the fence by one half, code by the other',
    'indent this line with blanks')
}

/** A fence whose end was forgotten runs to the end of the next one, or of the chapter. */
function checkClosed(chapter: string, fence: Fence, out: Diagnostics): void {
  const hint = 'end it with a line of its own: ```'
  const [mark] = /^(`+|~+)/.exec(fence.opening)!
  const opens = new RegExp(`^\\s*${mark}+\\s*\\w+\\s*\\{`)
  const i = fence.body.findIndex((line) => opens.test(line))
  if (i >= 0) {
    out.error(at(chapter, fence.line, fence.column),
      `this fence is not closed before the next begins, in line ${fence.line + 1 + i}`, hint)
  } else if (!fence.closed) {
    out.error(at(chapter, fence.line, fence.column), 'this fence is never closed', hint)
  }
}

function readBlock(chapter: string, fence: Fence, out: Diagnostics): Block | undefined {
  const place = at(chapter, fence.line, fence.column)
  checkClosed(chapter, fence, out)
  checkLines(chapter, fence, out)
  const before = out.all.length
  const info = readInfo(fence.opening, place, out)
  if (info.classes.has('ignore')) return undefined
  if (info.file === undefined && info.id === undefined) {
    if (out.all.length === before) checkNameless(info, place, out)
    return undefined
  }
  const block: Block = { chapter, fence, info, references: new Map() }
  block.references = findReferences(fence, (i, column) => placeOf(block, i, column), out)
  return block
}

/** The languages that the book's system is written in, by all their names. */
const isOurs = (lang: string): boolean => /^(?:[cm]?[jt]sx?|typescript|javascript)$/i.test(lang)

/** Code that nobody named would silently be left out of the system. */
function checkNameless(info: FenceInfo, place: Place, out: Diagnostics): void {
  if (!isOurs(info.lang) || info.classes.has('demo')) return
  out.error(place, `a ${info.lang} fence without a name`,
    'write {file=…}, {#name}, or {.ignore} if it is only to be shown')
}

/** Adds the block to what it defines; false if it extends what is not there (yet). */
function define(book: Book, block: Block, out: Diagnostics): boolean {
  const root = block.info.file !== undefined
  const name = root ? block.info.file! : block.info.id!
  const all = root ? book.roots : book.chunks
  const before = all.get(name)
  const append = block.info.classes.has('append')
  if (!before && append) return false
  if (!before) all.set(name, { name, root, blocks: [block] })
  else {
    if (!append) reportTwice(before, block, out)
    before.blocks.push(block)
  }
  return true
}

function reportTwice(first: Definition, second: Block, out: Diagnostics): void {
  const { file, line } = opening(first.blocks[0])
  out.error(opening(second), `${describe(first)} is defined twice`,
    `first at ${file}:${line}; add .append to extend it, or choose another name`)
}

function reportStray(book: Book, stray: Block, out: Diagnostics): void {
  const root = stray.info.file !== undefined
  const name = root ? stray.info.file! : stray.info.id!
  const all = root ? book.roots : book.chunks
  const what = root ? `file '${name}'` : `chunk '${name}'`
  const later = all.get(name)
  if (later) {
    const { file, line } = opening(later.blocks[0])
    out.error(opening(stray), `${what} is extended before it is defined`,
      `it is defined later, at ${file}:${line}: move .append there`)
    later.blocks.push(stray)
    return
  }
  const near = nearest(name, all.keys())
  out.error(opening(stray), `${what} is extended but never defined`,
    near ? `did you mean '${near}'?` : 'drop .append from its first block')
}

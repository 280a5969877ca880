/**
 * Edits made in generated/ carried back into the chapters.
 *
 * Invariant: chapters are changed only if tangling them again gives exactly
 * the edited files and leaves all others as they are; else nothing is.
 */
import { join } from 'node:path'
import { opening, placeOf, type Block } from './book.ts'
import { at, Diagnostics, type Diagnostic, type Place } from './diagnostics.ts'
import { diff, type Hunk } from './diff.ts'
import { textOf, type TangledFile } from './expand.ts'
import { gapsOf, type Gap } from './gaps.ts'
import { withoutMap } from './source-map.ts'
import { spliced, type Splice } from './splice.ts'
import { read, tangle, type Tangled } from './tangle.ts'
import { hash, readIfThere, readManifest, writeWhole } from './write.ts'

/** An edit of one place in a generated file. */
interface Edit {
  /** Path under the root, with the line where the edit begins. */
  place: Place
  file: TangledFile
  hunk: Hunk
}

interface Carried extends Splice {
  edit: Edit
}

export interface Untangled {
  errors: Diagnostic[]
  /** What was carried where. */
  carried: { from: Place, to: Place }[]
}

/** Carries all edits back, or none. */
export async function untangle(root: string): Promise<Untangled> {
  const tangled = await read(root)
  if (tangled.errors.length > 0) return { errors: tangled.errors, carried: [] }
  const out = new Diagnostics()
  const edits = findEdits(root, tangled, out)
  const splices = edits.flatMap((edit) => assign(tangled, edit, out))
  const unique = withoutDoubles(splices, out)
  if (!out.failed) await carry(root, tangled, edits, unique, out)
  const carried = unique.map(({ edit, block, from }) => ({ from: edit.place, to: placeOf(block, from) }))
  return { errors: out.all, carried: out.failed ? [] : carried }
}

const linesOf = (text: string): string[] => text.replace(/\n$/, '').split('\n')

/** The differences of generated/ from what the chapters say now. */
function findEdits(root: string, { files }: Tangled, out: Diagnostics): Edit[] {
  const manifest = readManifest(join(root, 'generated'))
  const known = new Map(files.map((file) => [file.path, file]))
  return Object.entries(manifest).flatMap(([path, { plain }]) => {
    const there = readIfThere(join(root, 'generated', path))
    if (there === undefined || hash(withoutMap(there)) === plain) return []
    const file = known.get(path)
    const place = at(`generated/${path}`, 1, 1)
    if (!file) return refuseForeign(place, out)
    const hunks = diff(linesOf(textOf(file)), linesOf(withoutMap(there)))
    const edits = hunks.map((hunk) => ({ place: { ...place, line: hunk.at + 1 }, file, hunk }))
    if (edits.length > 0 && hash(textOf(file)) !== plain) refuseConflict(edits[0], out)
    return edits
  })
}

function refuseForeign(place: Place, out: Diagnostics): [] {
  out.error(place, 'no root of a chapter: this file is computed by a generator, or no longer tangled',
    'edit what it is made from')
  return []
}

function refuseConflict({ place, file }: Edit, out: Diagnostics): void {
  const { file: chapter, line } = opening(file.root.blocks[0])
  out.error(place, 'both this file and its chapters have changed since they were last tangled',
    `its root stands at ${chapter}:${line}; put one of the two back, or make the edit there by hand`)
}

/** The splices that would make an edit: one for each stretch of a block that it touches. */
function assign(tangled: Tangled, edit: Edit, out: Diagnostics): Carried[] {
  const { from, to } = edit.hunk
  return from === to ? insert(tangled, edit, out) : replace(edit, out)
}

function insert({ book }: Tangled, edit: Edit, out: Diagnostics): Carried[] {
  const { file, hunk } = edit
  const gaps = gapsOf(book, file.root)[hunk.from]
  const able = gaps.filter(({ indent }) => hunk.lines.every((line) => indentedBy(line, indent)))
  const [gap, other] = able
  if (!gap) return refuseIndent(edit, gaps[0], out)
  if (other) return refuseAmbiguous(edit, placeOf(gap.block, gap.index), placeOf(other.block, other.index), out)
  const { block, index, indent } = gap
  return [{ edit, block, from: index, to: index, lines: outdented(hunk.lines, indent) }]
}

function refuseIndent({ place }: Edit, gap: Gap, out: Diagnostics): [] {
  const { file, line } = placeOf(gap.block, gap.index)
  out.error(place, `these lines are indented less than the chunk at ${file}:${line} that they would go to`,
    `indent them by ${gap.indent.length}, or make the edit in the chapter`)
  return []
}

const indentedBy = (line: string, indent: string) => line === '' || line.startsWith(indent)

const outdented = (lines: string[], indent: string) => lines.map((line) => line.slice(indent.length))

function refuseAmbiguous({ place }: Edit, a: Place, b: Place, out: Diagnostics): [] {
  out.error(place, 'this edit could go to two places',
    `${a.file}:${a.line} or ${b.file}:${b.line}: make it in the chapter`)
  return []
}

function replace(edit: Edit, out: Diagnostics): Carried[] {
  const { file, hunk } = edit
  const old = file.lines.slice(hunk.from, hunk.to)
  const [first, last] = [old[0], old[old.length - 1]]
  const together = old.every(({ block, index }, i) => block === first.block && index === first.index + i)
  if (!together && hunk.lines.length > 0 && hunk.lines.length !== old.length) {
    return refuseAmbiguous(edit, placeOf(first.block, first.index), placeOf(last.block, last.index), out)
  }
  const short = hunk.lines.find((line) => !indentedBy(line, first.indent))
  if (together && short !== undefined) return refuseIndent(edit, first, out)
  if (together) return [one(edit, first.block, first.index, old.length, outdented(hunk.lines, first.indent))]
  return old.map(({ block, index, indent }, i) => (
    one(edit, block, index, 1, outdented(hunk.lines.slice(i, i + 1), indent))))
}

const one = (edit: Edit, block: Block, from: number, count: number, lines: string[]): Carried =>
  ({ edit, block, from, to: from + count, lines })

/** A chunk that is used twice may be edited twice, but only alike. */
function withoutDoubles(splices: Carried[], out: Diagnostics): Carried[] {
  const kept: Carried[] = []
  for (const splice of splices) {
    const rival = kept.find((other) => overlap(splice, other))
    if (!rival) kept.push(splice)
    else if (!alike(splice, rival)) {
      const { file, line } = rival.edit.place
      const chapter = placeOf(splice.block, splice.from)
      out.error(splice.edit.place, `this edit and that at ${file}:${line} change the same lines differently`,
        `both come from ${chapter.file}:${chapter.line}`)
    }
  }
  return kept
}

function overlap(a: Splice, b: Splice): boolean {
  if (a.block !== b.block) return false
  return a.from === b.from || (a.from < b.to && b.from < a.to)
}

const alike = (a: Splice, b: Splice) =>
  a.from === b.from && a.to === b.to && a.lines.join('\n') === b.lines.join('\n')

/** Splices in memory, tangles again, and writes the chapters if that gives the edits. */
async function carry(
  root: string, tangled: Tangled, edits: Edit[], splices: Carried[], out: Diagnostics,
): Promise<void> {
  const changed = new Map<string, string>()
  for (const { path } of tangled.chapters) {
    const own = splices.filter(({ block }) => block.chapter === path)
    if (own.length > 0) changed.set(path, spliced(readIfThere(join(root, path))!, own))
  }
  const again = await read(root, (path, text) => changed.get(path) ?? text)
  verify(root, tangled, again, edits, out)
  if (out.failed) return
  for (const [path, text] of changed) writeWhole(join(root, path), text)
  const { errors } = await tangle(root)
  out.all.push(...errors)
}

function verify(root: string, before: Tangled, again: Tangled, edits: Edit[], out: Diagnostics): void {
  const [error] = again.errors
  if (error) {
    out.error(edits[0].place, `with these edits the chapters would not tangle: ${error.message}`, error.hint)
    return
  }
  const edited = new Set(edits.map(({ file }) => file.path))
  const now = new Map(again.files.map((file) => [file.path, textOf(file)]))
  for (const file of before.files) {
    const wanted = edited.has(file.path)
      ? withoutMap(readIfThere(join(root, 'generated', file.path))!) : textOf(file)
    if (linesOf(now.get(file.path) ?? '').join('\n') === linesOf(wanted).join('\n')) continue
    refuseSideEffect(file, linesOf(wanted), linesOf(now.get(file.path) ?? ''), out)
  }
}

function refuseSideEffect(file: TangledFile, wanted: string[], now: string[], out: Diagnostics): void {
  const line = wanted.findIndex((text, i) => text !== now[i])
  const place = at(`generated/${file.path}`, (line < 0 ? wanted.length : line) + 1, 1)
  const from = file.lines[Math.min(Math.max(line, 0), file.lines.length - 1)]
  const { file: chapter, line: row } = placeOf(from.block, from.index)
  out.error(place, 'carrying the edits back would not give this line: its chunk is used in several places, or ends here',
    `it comes from ${chapter}:${row}: edit all places alike, or the chapter`)
}

/**
 * Edits made in generated/ carried back into the chapters.
 *
 * The imports that tangling writes itself are no chapter's: an edit of them
 * passes if they follow so from the rest.
 *
 * Invariant: chapters are changed only if tangling them again gives exactly
 * the edited files, to the last byte, and leaves all others as they are; else
 * nothing is. All of that is decided before anything is written.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join, sep } from 'node:path'
import { opening, placeOf, type Block } from './book.ts'
import { at, Diagnostics, type Diagnostic, type Place } from './diagnostics.ts'
import { diff, type Hunk } from './diff.ts'
import { lineText, textOf, type Line, type TangledFile } from './expand.ts'
import { bytesIfThere, Half } from './files.ts'
import { gapsOf, type Gap } from './gaps.ts'
import { hash } from './hash.ts'
import { withLock } from './lock.ts'
import { looksLikeReference } from './references.ts'
import { codeOf } from './source-map.ts'
import { spliced, type Splice } from './splice.ts'
import { checkSyntax } from './syntax.ts'
import { outputsOf, read, type Tangled, type Texts } from './tangle.ts'
import { readManifest, type Manifest } from './manifest.ts'
import { carryOut, planOutputs, readTangled, recordOf, type Plan } from './write.ts'

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
  /** Files deleted, renamed or added: what no chapter can be made to say. */
  left: Diagnostic[]
}

/** Carries all edits back, or none. */
export async function untangle(root: string): Promise<Untangled> {
  const generated = join(root, 'generated')
  if (!existsSync(generated)) return carryBack(root)
  return withLock(generated, () => carryBack(root))
}

async function carryBack(root: string): Promise<Untangled> {
  const tangled = await read(root)
  if (tangled.errors.length > 0) return { errors: tangled.errors, carried: [], left: [] }
  const out = new Diagnostics()
  const generated = join(root, 'generated')
  const outputs = await outputsOf(root, tangled, out)
  if (out.failed) return { errors: out.all, carried: [], left: [] }
  const plan = planOutputs(generated, outputs)
  const edits = findEdits(root, tangled, plan, out)
  const own = edits.filter((edit) => !isOfImports(edit) && !reachesOurs(edit, out))
  const splices = withoutDoubles(own.flatMap((edit) => assign(tangled, edit, out)), out)
  for (const { place } of splices.length > 0 || out.failed ? [] : edits.slice(0, 1)) refuseImports(place, '', out)
  for (const splice of splices) checkLines(splice, out)
  checkMoves(tangled, splices, out)
  const left = foreign(generated, plan)
  if (!out.failed && splices.length > 0) await carry(root, tangled, edits, splices, out)
  const carried = splices.map(({ edit, block, from }) => ({ from: edit.place, to: placeOf(block, from) }))
  return { errors: out.all, carried: out.failed ? [] : carried, left }
}

/** What was deleted, and what was added: tangling makes the one again and leaves the other. */
function foreign(generated: string, { manifest }: Plan): Diagnostic[] {
  if (!existsSync(generated)) return []
  const before = readManifest(generated)
  const out = new Diagnostics()
  for (const path of Object.keys(manifest)) {
    if (!(path in before) || bytesIfThere(join(generated, path)) !== undefined) continue
    out.error(at(`generated/${path}`, 1, 1), 'deleted here, but a chapter makes it', 'delete it there; npm run tangle brings it back')
  }
  const files = readdirSync(generated, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(generated.length + 1).split(sep).join('/'))
  for (const path of files.sort()) {
    if (path.split('/').some((step) => step.startsWith('.')) || path in manifest || path in before) continue
    out.error(at(`generated/${path}`, 1, 1), 'no chapter makes this file', 'write it into one, as a fence with {file=…}')
  }
  return out.all
}

/** A tangled file's lines: each ends with a newline, and none is none. */
const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'))

/** The differences of generated/ from what the chapters say now. */
function findEdits(root: string, { files }: Tangled, plan: Plan, out: Diagnostics): Edit[] {
  const generated = join(root, 'generated')
  const manifest = readManifest(generated)
  const known = new Map(files.map((file) => [file.path, file]))
  return plan.edited.flatMap(({ path }) => {
    const file = known.get(path)
    if (!file) return refuseForeign(at(`generated/${path}`, 1, 1), out)
    return editsOf(generated, file, manifest, out)
  })
}

function editsOf(generated: string, file: TangledFile, manifest: Manifest, out: Diagnostics): Edit[] {
  const { path } = file
  const place = at(`generated/${path}`, 1, 1)
  const there = readTangled(generated, path)!
  const now = codeOf(path, there)
  if (!isText(now, place, out)) return []
  const hunks = diff(linesOf(textOf(file)), linesOf(now))
  const edits = hunks.map((hunk) => ({ place: { ...place, line: hunk.at + 1 }, file, hunk }))
  const record = recordOf(path, there, manifest[path])
  if (edits.length > 0 && record !== undefined && hash(textOf(file)) !== record) refuseConflict(edits[0], out)
  return edits.filter((edit) => !holdsReference(edit, out))
}

/** Whether chapters could say this text: they know one end of lines, and every line has it. */
function isText(text: string, place: Place, out: Diagnostics): boolean {
  const lines = text.split('\n')
  const cr = lines.findIndex((line) => line.includes('\r'))
  const last = { ...place, line: lines.length, column: lines.at(-1)!.length + 1 }
  if (text === '') out.error(place, 'this file was emptied', 'delete its code in the chapter; or bring it back: npm run tangle -- --force')
  else if (cr >= 0) out.error({ ...place, line: cr + 1, column: lines[cr].indexOf('\r') + 1 }, 'this line holds a CR', 'save the file with LF alone at the ends of its lines')
  else if (text.startsWith('\uFEFF')) out.error(place, 'this file begins with a byte order mark', 'save it without')
  else if (!text.endsWith('\n')) out.error(last, 'the last line has no end', 'end it with a newline')
  else return true
  return false
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

/** True, and told, if an edit holds what the chapter would expand. */
function holdsReference({ place, hunk }: Edit, out: Diagnostics): boolean {
  const found = hunk.lines.findIndex(looksLikeReference)
  if (found < 0) return false
  out.error({ ...place, line: place.line + found }, `'${hunk.lines[found].trim()}' would be read as a reference`,
    'write the reference in the chapter')
  return true
}

/** Lines that would end their fence. */
function checkLines({ edit, block, lines }: Carried, out: Diagnostics): void {
  const [mark] = /^(?:`+|~+)/.exec(block.fence.opening)!
  const closes = new RegExp(`^ {0,3}${mark[0]}{${mark.length},}[ \\t]*$`)
  lines.forEach((line, i) => {
    const place = { ...edit.place, line: edit.place.line + i }
    const { file, line: row } = opening(block)
    if (!closes.test(line)) return
    out.error(place, `this line would close the fence at ${file}:${row}`, `open that fence with more than ${mark.length} marks`)
  })
}

/** How often the line of a block stands in all files together. */
const usesOf = (files: TangledFile[], { block, index }: { block: Block, index: number }): number =>
  files.reduce((sum, { lines }) => (
    sum + lines.filter((line) => line.block === block && line.index === index && !isOurs(line)).length), 0)

/** The text of a chunk that is used several times, moved, would stand in each of its places. */
function checkMoves({ files }: Tangled, splices: Carried[], out: Diagnostics): void {
  const made = splices.map(({ lines }) => `\n${lines.map((line) => line.trim()).join('\n')}\n`)
  splices.forEach(({ edit, block, from, to }, i) => {
    const gone = block.fence.body.map((line) => line.trim())
    if (to - from < gone.length || gone.every((line) => line === '') || usesOf(files, { block, index: 0 }) < 2) return
    if (!made.some((text, other) => other !== i && text.includes(`\n${gone.join('\n')}\n`))) return
    const { file, line } = opening(block)
    out.error(edit.place, `this moves text out of the chunk at ${file}:${line}, which is used in several places`,
      'move its reference in the chapter')
  })
}

/** The splices that would make an edit: one for each stretch of a block that it touches. */
function assign(tangled: Tangled, edit: Edit, out: Diagnostics): Carried[] {
  const { from, to } = edit.hunk
  return from === to ? insert(tangled, edit, out) : replace(edit, out)
}

function refuseImports(place: Place, line: string, out: Diagnostics): void {
  out.error(place, 'tangling writes the imports of this file by what the file uses',
    line ? `it would write here: ${line}` : 'change what uses the names; or write the import in the chapter')
}

const refuseJoint = (place: Place, out: Diagnostics): void =>
  out.error(place, 'an empty line between two blocks of the file is in this edit', 'tangling puts it there; make the edit in the chapter')

/** Lines that no chapter has: the imports that tangling writes, and the empty lines between the blocks of a file. */
const isOurs = ({ text }: Line): boolean => text !== undefined

const isJoint = ({ text }: Line): boolean => text === ''

/** Whether an edit is only of such imports: they follow from the rest, and whether they follow so is seen when all is tangled again. */
function isOfImports({ file: { lines }, hunk }: Edit): boolean {
  if (!hunk.lines.every((line) => /^(?:import\b.*|)$/.test(line))) return false
  if (hunk.from < hunk.to) return lines.slice(hunk.from, hunk.to).every((line) => isOurs(line) && !isJoint(line))
  return lines.slice(Math.max(0, hunk.from - 1), hunk.from + 1).some((line) => isOurs(line) && !isJoint(line))
}

/** True, and told, if an edit changes what tangling writes, and is of something else; what is deleted may have such lines in it. */
function reachesOurs({ place, file: { lines }, hunk: { from, to, lines: now } }: Edit, out: Diagnostics): boolean {
  const old = lines.slice(from, to)
  const between = from === to && [lines[from - 1], lines[from]].every((line) => line && isOurs(line))
  if (!between && (!old.some(isOurs) || (now.length === 0 && !old.every(isOurs)))) return false
  if (old.some(isJoint)) {
    refuseJoint(place, out)
  } else out.error(place, 'these lines stand among the imports that tangling writes', 'put them below; or write the import in the chapter')
  return true
}

function insert({ book }: Tangled, edit: Edit, out: Diagnostics): Carried[] {
  const { file, hunk } = edit
  const gaps = gapsOf(book, file.root)[file.lines.slice(0, hunk.from).filter((line) => !isOurs(line)).length]
  const beside = besideJoint(edit)
  const able = gaps.filter(({ indent, block }) => (!beside || block === beside) && hunk.lines.every((line) => indentedBy(line, indent)))
  const [gap, other] = able
  if (!gap) return refuseIndent(edit, gaps[0], out)
  if (other) return refuseAmbiguous(edit, placeOf(gap.block, gap.index), placeOf(other.block, other.index), out)
  const { block, index, indent } = gap
  return [{ edit, block, from: index, to: index, lines: outdented(hunk.lines, indent) }]
}

/** The block that an insertion belongs to if the line above or below it is the empty one between two blocks. */
function besideJoint({ file: { lines }, hunk: { from } }: Edit): Block | undefined {
  const [above, below] = [lines[from - 1], lines[from]]
  if (above && below && isOurs(above)) return below.block
  return above && below && isOurs(below) ? above.block : undefined
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
  const old = file.lines.slice(hunk.from, hunk.to).filter((line) => !isOurs(line))
  const [first, last] = [old[0], old[old.length - 1]]
  const alike = old.every(({ indent }) => indent === first.indent) // the text of a template is not indented
  const together = (alike || hunk.lines.length !== old.length)
    && old.every(({ block, index }, i) => block === first.block && index === first.index + i)
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

/** Splices in memory and tangles that; writes the chapters if it gives the edits, and the files made of them. */
async function carry(
  root: string, tangled: Tangled, edits: Edit[], splices: Carried[], out: Diagnostics,
): Promise<void> {
  const generated = join(root, 'generated')
  const changed: Texts = new Map()
  for (const [path, text] of tangled.texts) {
    const own = splices.filter(({ block }) => block.chapter === path)
    if (own.length > 0) changed.set(path, spliced(text, own))
  }
  const again = await read(root, new Map([...tangled.texts, ...changed]))
  verify(generated, tangled, again, edits, out)
  if (out.failed) return
  const outputs = await outputsOf(root, again, out)
  if (out.failed) return
  const plan = planOutputs(generated, outputs)
  const edited = new Set(edits.map(({ file }) => file.path))
  const writes = plan.writes.map((write) => ({ ...write, moved: write.moved && !edited.has(write.path) }))
  await checkSyntax({ ...plan, writes }, () => undefined, out)
  for (const { path } of plan.edited) out.error(at(`generated/${path}`, 1, 1), 'edited while edits were carried back', 'run npm run untangle again')
  if (!out.failed) writeChapters(root, tangled.texts, changed, out)
  if (!out.failed) carryOut(generated, plan)
}

/** All of them, or none: what an editor has saved since they were read is not overwritten. */
function writeChapters(root: string, before: Texts, changed: Texts, out: Diagnostics): void {
  const halves: Half[] = []
  try {
    for (const [path, text] of changed) halves.push(new Half(join(root, path), text))
  } catch (error) {
    for (const half of halves) half.drop()
    throw error
  }
  for (const path of changed.keys()) {
    if (bytesIfThere(join(root, path))?.equals(Buffer.from(before.get(path)!))) continue
    out.error(at(path, 1, 1), 'saved while edits were carried back', 'run npm run untangle again')
  }
  for (const half of halves) {
    if (out.failed) half.drop()
    else half.keep()
  }
}

function verify(generated: string, before: Tangled, again: Tangled, edits: Edit[], out: Diagnostics): void {
  const [error] = again.errors
  if (error) {
    out.error(edits[0].place, `with these edits the chapters would not tangle: ${error.message}`, error.hint)
    return
  }
  const edited = new Set(edits.map(({ file }) => file.path))
  const now = new Map(again.files.map((file) => [file.path, textOf(file)]))
  for (const file of before.files) {
    const wanted = edited.has(file.path) ? codeOf(file.path, readTangled(generated, file.path)!) : textOf(file)
    const made = again.files.find(({ path }) => path === file.path)
    if (now.get(file.path) !== wanted) refuseSideEffect(before, file, linesOf(wanted), made?.lines ?? [], out)
    now.delete(file.path)
  }
  for (const path of now.keys()) out.error(edits[0].place, `with these edits the chapters would make another file, ${path}`)
}

function refuseSideEffect({ files }: Tangled, file: TangledFile, wanted: string[], now: Line[], out: Diagnostics): void {
  const differs = wanted.findIndex((text, i) => now[i] === undefined || text !== lineText(now[i]))
  const line = differs < 0 ? wanted.length : differs
  const place = at(`generated/${file.path}`, line + 1, 1)
  if (now[line] && isJoint(now[line])) return refuseJoint(place, out)
  if (now[line] && isOurs(now[line])) return refuseImports(place, lineText(now[line]), out)
  const from = file.lines[Math.min(line, file.lines.length - 1)]
  const { file: chapter, line: row } = from ? placeOf(from.block, from.index) : opening(file.root.blocks[0])
  if (from && usesOf(files, from) > 1) {
    out.error(place, 'carrying the edits back would not give this line: its chunk is used in several places',
      `it comes from ${chapter}:${row}: edit all places alike, or the chapter`)
  } else {
    out.error(place, 'carrying the edits back would not give this line', `it would go to ${chapter}:${row}: make the edit there`)
  }
}

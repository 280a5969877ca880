/** Chapters in, files out: the whole of a tangle. */
import { join } from 'node:path'
import { gather, type Book, type ParsedChapter } from './book.ts'
import { outlines } from './cache.ts'
import { findChapters, readChapter, strays, type ChapterFile } from './chapters.ts'
import { at, counted, Diagnostics, type Diagnostic } from './diagnostics.ts'
import { Failure } from './door.ts'
import { expand, textOf, type Line, type TangledFile } from './expand.ts'
import { generate } from './generator.ts'
import { addImports } from './imports.ts'
import { placesOf } from './remap.ts'
import { fingerprint, mappable, segmentsOf, withMap } from './source-map.ts'
import { checkSyntax } from './syntax.ts'
import { withLock } from './lock.ts'
import { hash } from './hash.ts'
import { carryOut, isNothing, planOutputs, type Edited, type Output, type Written } from './write.ts'

/** The texts of chapters, by path. */
export type Texts = Map<string, string>

export interface Tangled {
  chapters: (ChapterFile & ParsedChapter)[]
  texts: Texts
  book: Book
  files: TangledFile[]
  /** Lines that import what tangling would. */
  needless: Line[]
  /** In reading order; where there are any, nothing may be written. */
  errors: Diagnostic[]
}

/**
 * Reads and expands all chapters of the book at `root`; writes no file of it.
 * `instead` may have other texts for chapters than those on disk.
 */
export async function read(root: string, instead?: Texts): Promise<Tangled> {
  const out = new Diagnostics()
  const found = findChapters(root)
  const texts: Texts = new Map(found.map((chapter) =>
    [chapter.path, instead?.get(chapter.path) ?? textOfChapter(root, chapter, out)]))
  checkFiles(root, found, out)
  const parsed = await outlines(root, [...texts.values()])
  const chapters = found.map((chapter, i) => ({ ...chapter, ...parsed[i] }))
  for (const { path, tooDeep } of chapters) if (tooDeep) texts.set(path, '') // for nobody else to try
  const book = gather(chapters, out)
  const files = expand(book, out)
  const needless = await addImports(root, files, out)
  return { chapters, texts, book, files, needless, errors: told(out, book, texts) }
}

/** All that was found, in reading order, at columns as people count them. */
const told = (out: Diagnostics, book: Book, texts: Texts) => counted(out.sorted(book.order), texts)

/** A chapter's text; none where it is not to be read, which is reported, nor one that an editor has only begun to write. */
function textOfChapter(root: string, chapter: ChapterFile, out: Diagnostics): string {
  try {
    const text = readChapter(root, chapter)
    if (text.trim() !== '') return text
    out.error(at(chapter.path, 1, 1), 'this chapter is empty', 'write it, or delete the file if it is to go')
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    out.error(error.place, error.message, error.hint)
  }
  return ''
}

/** No chapters at all is more likely a mistake than a book of none; and one that nobody would read is one. */
function checkFiles(root: string, found: ChapterFile[], out: Diagnostics): void {
  for (const { path, message, hint } of strays(root)) out.error(at(path, 1, 1), message, hint)
  if (found.length > 0) return
  out.error(at('journey', 1, 1), 'there are no chapters here', 'run this where a folder journey/ holds them')
}

/**
 * Tangles into generated/; with errors, the last good output stays as it is.
 * With `force`, edits made there by hand are overwritten.
 */
export async function tangle(root: string, force = false): Promise<Tangled & { result?: Written }> {
  const tangled = await read(root)
  if (tangled.errors.length > 0) return tangled
  const out = new Diagnostics()
  const outputs = await outputsOf(root, tangled, out)
  const result = out.failed ? undefined : await locked(root, outputs, tangled, force, out)
  return { ...tangled, errors: told(out, tangled.book, tangled.texts), result }
}

/** All files of the book, those of generators too. */
export async function outputsOf(root: string, { files }: Tangled, out: Diagnostics): Promise<Output[]> {
  const made = await generate(root, files, placesOf(files), out)
  return [...files.map(output), ...made]
}

/** Looks at what is there and writes what is to be, with no other tool between the two. */
async function locked(
  root: string, outputs: Output[], { files }: Tangled, force: boolean, out: Diagnostics,
): Promise<Written | undefined> {
  const generated = join(root, 'generated')
  const plan = planOutputs(generated, outputs)
  if (isNothing(plan)) return carryOut(generated, plan)
  return withLock(generated, async () => {
    const plan = planOutputs(generated, outputs)
    if (!force) for (const file of plan.edited) refuseEdited(file, out)
    await checkSyntax(plan, placesOf(files), out)
    return out.failed ? undefined : carryOut(generated, plan)
  })
}

function refuseEdited({ path, recorded }: Edited, out: Diagnostics): void {
  out.error(at(`generated/${path}`, 1, 1),
    recorded ? 'edited by hand since it was tangled' : 'this file differs from the book, and nothing says that it was tangled',
    'carry the edit back: npm run untangle; or drop it: npm run tangle -- --force')
}

function output(file: TangledFile): Output {
  const { path } = file
  let made: string | undefined
  const text = () => (made ??= makeText(file))
  return { path, key: hash(fingerprint(file)), text }
}

function makeText(file: TangledFile): string {
  const plain = textOf(file)
  return mappable(file.path) ? withMap(file.path, plain, segmentsOf(file)) : plain
}

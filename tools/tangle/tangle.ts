/** Chapters in, files out: the whole of a tangle. */
import { join } from 'node:path'
import { gather, type Book, type ParsedChapter } from './book.ts'
import { outlines } from './cache.ts'
import { findChapters, readChapter, strays, type ChapterFile } from './chapters.ts'
import { at, Diagnostics, type Diagnostic } from './diagnostics.ts'
import { expand, textOf, type TangledFile } from './expand.ts'
import { generate } from './generator.ts'
import { placesOf } from './remap.ts'
import { fingerprint, mappable, segmentsOf, withMap } from './source-map.ts'
import { checkSyntax } from './syntax.ts'
import { carryOut, hash, planOutputs, type Output, type Written } from './write.ts'

export interface Tangled {
  chapters: (ChapterFile & ParsedChapter)[]
  book: Book
  files: TangledFile[]
  /** In reading order; where there are any, nothing may be written. */
  errors: Diagnostic[]
}

/**
 * Reads and expands all chapters of the book at `root`; writes no file of it.
 * `instead` may give another text for a chapter than that on disk.
 */
export async function read(
  root: string, instead = (_path: string, text: string) => text,
): Promise<Tangled> {
  const out = new Diagnostics()
  const found = findChapters(root)
  const texts = found.map((chapter) => instead(chapter.path, readChapter(root, chapter)))
  checkFiles(root, found, texts, out)
  const parsed = await outlines(root, texts)
  const chapters = found.map((chapter, i) => ({ ...chapter, ...parsed[i] }))
  const book = gather(chapters, out)
  const files = expand(book, out)
  return { chapters, book, files, errors: out.sorted(book.order) }
}

/** A file that an editor has only begun to write, and one that nobody would read. */
function checkFiles(root: string, found: ChapterFile[], texts: string[], out: Diagnostics): void {
  found.forEach(({ path }, i) => {
    if (texts[i].trim() !== '') return
    out.error(at(path, 1, 1), 'this chapter is empty', 'write it, or delete the file if it is to go')
  })
  for (const path of strays(root)) {
    out.error(at(path, 1, 1), 'no number leads the name of this chapter',
      'name it like 200-interrupts-and-traps.md: chapters are read by number')
  }
}

/**
 * Tangles into generated/; with errors, the last good output stays as it is.
 * With `force`, edits made there by hand are overwritten.
 */
export async function tangle(root: string, force = false): Promise<Tangled & { result?: Written }> {
  const tangled = await read(root)
  if (tangled.errors.length > 0) return tangled
  const generated = join(root, 'generated')
  const outputs = tangled.files.map(output)
  const out = new Diagnostics()
  const toChapter = placesOf(tangled.files)
  const made = await generate(root, tangled.files, toChapter, out)
  if (out.failed) return { ...tangled, errors: out.sorted(tangled.book.order) }
  const plan = planOutputs(generated, [...outputs, ...made])
  if (!force) for (const path of plan.edited) refuseEdited(path, out)
  await checkSyntax(plan, toChapter, out)
  if (out.failed) return { ...tangled, errors: out.sorted(tangled.book.order) }
  return { ...tangled, result: carryOut(generated, plan) }
}

function refuseEdited(path: string, out: Diagnostics): void {
  out.error(at(`generated/${path}`, 1, 1), 'edited by hand since it was tangled',
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

/** Chapters in, files out: the whole of a tangle. */
import { join } from 'node:path'
import { gather, type Book, type ParsedChapter } from './book.ts'
import { outlines } from './cache.ts'
import { findChapters, readChapter, type ChapterFile } from './chapters.ts'
import { Diagnostics, type Diagnostic } from './diagnostics.ts'
import { expand, textOf, type TangledFile } from './expand.ts'
import { generate } from './generator.ts'
import { fingerprint, mappable, segmentsOf, withMap } from './source-map.ts'
import { hash, readManifest, writeOutputs, type Output, type Written } from './write.ts'

export interface Tangled {
  chapters: (ChapterFile & ParsedChapter)[]
  book: Book
  files: TangledFile[]
  /** In reading order; where there are any, nothing may be written. */
  errors: Diagnostic[]
}

/** Reads and expands all chapters of the book at `root`; writes no file of it. */
export async function read(root: string): Promise<Tangled> {
  const out = new Diagnostics()
  const found = findChapters(root)
  const parsed = await outlines(join(root, 'generated'), found.map((c) => readChapter(root, c)))
  const chapters = found.map((chapter, i) => ({ ...chapter, ...parsed[i] }))
  const book = gather(chapters, out)
  const files = expand(book, out)
  return { chapters, book, files, errors: out.sorted(book.order) }
}

/** Tangles into generated/; with errors, the last good output stays as it is. */
export async function tangle(root: string): Promise<Tangled & { result?: Written }> {
  const tangled = await read(root)
  if (tangled.errors.length > 0) return tangled
  const generated = join(root, 'generated')
  const outputs = tangled.files.map(output)
  const out = new Diagnostics()
  const made = await generate(root, tangled.files, outputs, readManifest(generated), out)
  if (out.failed) return { ...tangled, errors: out.sorted(tangled.book.order) }
  return { ...tangled, result: writeOutputs(generated, [...outputs, ...made]) }
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

/** Chapters in, files out: the whole of a tangle. */
import { join } from 'node:path'
import { gather, type Book } from './book.ts'
import { outlines } from './cache.ts'
import { findChapters, readChapter } from './chapters.ts'
import { Diagnostics, type Diagnostic } from './diagnostics.ts'
import { expand, textOf, type TangledFile } from './expand.ts'
import { fingerprint, mappable, segmentsOf, withMap } from './source-map.ts'
import { hash, writeOutputs, type Output, type Written } from './write.ts'

export interface Tangled {
  book: Book
  files: TangledFile[]
  /** In reading order; where there are any, nothing may be written. */
  errors: Diagnostic[]
}

/** Reads and expands all chapters of the book at `root`; writes no file of it. */
export async function read(root: string): Promise<Tangled> {
  const out = new Diagnostics()
  const chapters = findChapters(root)
  const parsed = await outlines(join(root, 'generated'), chapters.map((c) => readChapter(root, c)))
  const book = gather(chapters.map((c, i) => ({ path: c.path, ...parsed[i] })), out)
  const files = expand(book, out)
  return { book, files, errors: out.sorted(book.order) }
}

/** Tangles into generated/; with errors, the last good output stays as it is. */
export async function tangle(root: string): Promise<Tangled & { result?: Written }> {
  const tangled = await read(root)
  if (tangled.errors.length > 0) return tangled
  return { ...tangled, result: writeOutputs(join(root, 'generated'), tangled.files.map(output)) }
}

function output(file: TangledFile): Output {
  const { path } = file
  const text = () => {
    const plain = textOf(file)
    return mappable(path) ? withMap(path, plain, segmentsOf(file)) : plain
  }
  return { path, key: hash(fingerprint(file)), text }
}

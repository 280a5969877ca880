/** What the journey tells of the documents, and what its tests hold it to. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findChapters, readChapter } from '../../tools/tangle/chapters.ts'
import { outline } from '../../tools/tangle/markdown.ts'
import { tagsOf } from '../../tools/tangle/tags.ts'
import { namesIn, namesInProse } from './names.ts'

export const root = fileURLToPath(new URL('../..', import.meta.url))
const data = (name: string) => JSON.parse(readFileSync(join(root, 'test/documents', name), 'utf8'))

/** The documents' 83 tags, with what each of them tells. */
export const tags: Record<string, string> = data('tags.json')

/** The 453 statements of the documents that can be tested, by id, in our own words. */
export const statements: Record<string, string> = data('statements.json')

/** Statements that no test can name, and why. */
export const elsewhere: Record<string, { how: string, why: string }> = data('elsewhere.json')

/** Where the chapter stands that names every one of those. */
export const otherwise = 'journey/M-mastery/050-what-we-do-otherwise.md'

/** A file and a line of it, as editors take it: `file:line`. */
type Place = string

function add(places: Map<string, Place[]>, name: string, place: Place): void {
  places.set(name, [...places.get(name) ?? [], place])
}

/** Every tag in a heading of a chapter, with the place of each and the heading. */
export function told(): Map<string, { place: Place, heading: string }[]> {
  const places = new Map<string, { place: Place, heading: string }[]>()
  for (const chapter of findChapters(root)) {
    for (const { text, line } of outline(readChapter(root, chapter)).headings) {
      for (const tag of tagsOf(text)) {
        places.set(tag, [...places.get(tag) ?? [], { place: `${chapter.path}:${line}`, heading: text }])
      }
    }
  }
  return places
}

/** Every statement in the title of a test, with the files that name it. */
export function named(): Map<string, Place[]> {
  const files = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts') && !file.startsWith('documents')).sort()
  const places = new Map<string, Place[]>()
  for (const file of files) {
    for (const id of namesIn(readFileSync(join(root, 'test', file), 'utf8'))) add(places, id, `test/${file}`)
  }
  return places
}

/** Every statement that the chapter on what we do otherwise names, with the paragraphs' lines. */
export function excused(): Map<string, Place[]> {
  const places = new Map<string, Place[]>()
  let line = 1
  for (const paragraph of readFileSync(join(root, otherwise), 'utf8').split('\n\n')) {
    for (const id of namesInProse(paragraph)) add(places, id, `${otherwise}:${line}`)
    line += paragraph.split('\n').length + 1
  }
  return places
}

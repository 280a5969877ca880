/**
 * From what a reader names (a tag, a chapter, a part) to the tests that tell
 * whether it holds.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ChapterFile } from './chapters.ts'
import { Refused } from './door.ts'
import type { Heading } from './markdown.ts'
import { nearest } from './names.ts'
import { renamedChapters, renamedTag } from './renamed.ts'

export interface Told {
  chapter: ChapterFile
  headings: Heading[]
}

/** The tags at the start of a heading: `H:205 Which interrupt` or `P:400, P:700 The files`. */
export function tagsOf(heading: string): string[] {
  const run = /^(?:[BLHPSDGEM]:\d+(?:\s*(?:,|and|to|&|\/)\s*)?)+/.exec(heading)
  return run ? run[0].match(/[BLHPSDGEM]:\d+/g)! : []
}

/** The test file of a chapter, relative to the root. */
export function testOf(chapter: ChapterFile): string {
  return chapter.path.replace(/^journey\//, 'test/').replace(/\.md$/, '.test.ts')
}

/**
 * The test files for what was named: a tag (H:200), a chapter (its file name,
 * with or without number, path or .md) or a part (H).
 * @throws Refused with a hint, where there is no such thing or no test for it.
 */
export function testsFor(name: string, book: Told[], root: string): string[] {
  const chapters = chaptersFor(name, book)
  const tests = chapters.map(testOf)
  const there = tests.filter((test) => existsSync(join(root, test)))
  if (there.length === 0) throw new Refused(`${name} has no tests yet: expected ${tests.join(', ')}`)
  return there
}

function chaptersFor(name: string, book: Told[]): ChapterFile[] {
  const wanted = name.toUpperCase()
  const isTag = /^[BLHPSDGEM]:\d+$/.test(wanted)
  const found = book.filter(({ chapter, headings }) => isTag
    ? headings.some((heading) => tagsOf(heading.text).includes(wanted))
    : namesOf(chapter).some((known) => known.toUpperCase() === wanted))
  if (found.length > 0) return found.map(({ chapter }) => chapter)
  throw new Refused(isTag ? noTag(wanted, book) : noChapter(name, book))
}

function namesOf(chapter: ChapterFile): string[] {
  const { path, part, name } = chapter
  const folder = path.split('/')[1]
  return [part, folder, `journey/${folder}`, name, `${name}.md`, path, testOf(chapter), name.replace(/^\d+-/, '')]
}

function noTag(tag: string, book: Told[]): string {
  const tags = new Set(book.flatMap(({ headings }) => headings.flatMap((h) => tagsOf(h.text))))
  const now = renamedTag(tag)
  if (now && tags.has(now)) return `${tag} is ${now} now`
  const number = (t: string) => Number(t.slice(2))
  const near = [...tags].filter((t) => t[0] === tag[0])
    .sort((a, b) => Math.abs(number(a) - number(tag)) - Math.abs(number(b) - number(tag)))
    .slice(0, 3).sort((a, b) => number(a) - number(b))
  const hint = near.length > 0 ? `near it are ${near.join(', ')}` : `part ${tag[0]} has no tags yet`
  return `no heading carries the tag ${tag}; ${hint}`
}

function noChapter(name: string, book: Told[]): string {
  const stem = name.replace(/^(journey|test)\//, '').replace(/(\.test\.ts|\.md)$/, '')
  const moved = Object.keys(renamedChapters).find((old) => old === stem || old.endsWith(`/${stem}`))
  if (moved) return `${name} is ${renamedChapters[moved]} now`
  const names = book.flatMap(({ chapter }) => namesOf(chapter).filter((n) => n.length > 1))
  const near = nearest(name, names)
  return `no chapter is called '${name}'; ${near
    ? `did you mean ${near}?` : 'name a tag (H:200), a chapter (its file name) or a part (H)'}`
}

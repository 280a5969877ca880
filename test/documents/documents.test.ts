/** Does the journey tell all that the documents tell, and do tests hold it to that? */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { findChapters, readChapter } from '../../tools/tangle/chapters.ts'
import { tagsOf } from '../../tools/tangle/tags.ts'
import { namesIn } from './names.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const data = (name: string) => JSON.parse(readFileSync(join(root, 'test/documents', name), 'utf8'))
const tags: Record<string, string> = data('tags.json')
const statements: Record<string, string> = data('statements.json')
const elsewhere: Record<string, { how: string, why: string }> = data('elsewhere.json')

/** Every tag in a heading of a chapter, with the place of each. */
function told(): Map<string, string[]> {
  const places = new Map<string, string[]>()
  for (const chapter of findChapters(root)) {
    for (const line of readChapter(root, chapter).replace(/^```[^]*?^```/gm, '').split('\n')) {
      const heading = /^#{1,4} (.*)/.exec(line)
      for (const tag of heading ? tagsOf(heading[1]) : []) {
        places.set(tag, [...places.get(tag) ?? [], `${chapter.path}: ${line}`])
      }
    }
  }
  return places
}

/** Every statement in the title of a test, with the files that name it. */
function named(): Map<string, string[]> {
  const files = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts') && !file.startsWith('documents'))
  const places = new Map<string, string[]>()
  for (const file of files) {
    for (const id of namesIn(readFileSync(join(root, 'test', file), 'utf8'))) {
      places.set(id, [...places.get(id) ?? [], file])
    }
  }
  return places
}

describe('the tags of the documents', () => {
  test('are 83, and each is the heading of one section', () => {
    const places = told()
    expect(Object.keys(tags)).toHaveLength(83)
    expect(Object.keys(tags).filter((tag) => !places.has(tag))).toEqual([])
  })

  test('lead somewhere wherever the prose names one', () => {
    const places = told()
    const lost = findChapters(root).flatMap((chapter) =>
      (readChapter(root, chapter).match(/\b[LHPSM]:\d{3,4}\b/g) ?? [])
        .filter((tag) => !places.has(tag)).map((tag) => `${chapter.path}: ${tag}`))
    expect(lost).toEqual([])
  })

  test('and ours, stand in one place each', () => {
    expect([...told().values()].filter((places) => places.length > 1)).toEqual([])
  })
})

describe('the statements of the documents', () => {
  test('are 453, each in the title of a test, or listed with the reason why not', () => {
    const places = named()
    expect(Object.keys(statements)).toHaveLength(453)
    const open = Object.keys(statements).filter((id) => !places.has(id) && !(id in elsewhere))
    expect(open.map((id) => `${id}: ${statements[id]}`)).toEqual([])
  })

  test('are not listed as missing once a test names them', () => {
    const places = named()
    expect(Object.keys(elsewhere).filter((id) => places.has(id) || !(id in statements))).toEqual([])
    for (const { how, why } of Object.values(elsewhere)) {
      expect(['equivalent', 'by structure', 'not yet']).toContain(how)
      expect(why).toMatch(/^[A-Z0-9].*\.$/)
    }
  })

  test('have no strangers among them', () => {
    expect([...named().keys()].filter((id) => !(id in statements))).toEqual([])
  })
})

test.each([
  ["test('B-L-001: one', f)", ['B-L-001']],
  ["it('two (B-L-038 to 040, X-01)', f)", ['B-L-038', 'B-L-039', 'B-L-040']],
  ["it('three (B-L-103, 104 and B-H-002)', f)", ['B-L-103', 'B-L-104', 'B-H-002']],
  ['test(`B-D-001 to B-D-003: ${x}`, f)', ['B-D-001', 'B-D-002', 'B-D-003']],
  ['// B-L-001 in a remark', []],
])('statements named in %s', (text, ids) => {
  expect([...namesIn(text)]).toEqual(ids)
})

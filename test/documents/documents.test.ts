/** Does the journey tell all that the documents tell, and do tests hold it to that? */
import { describe, expect, test } from 'vitest'
import { findChapters, readChapter } from '../../tools/tangle/chapters.ts'
import { account } from './coverage.ts'
import { elsewhere, excused, named, root, statements, tags, told } from './gather.ts'
import { namesIn } from './names.ts'

const places = told()

describe('the tags of the documents', () => {
  test('are 83, and each is the heading of one section', () => {
    expect(Object.keys(tags)).toHaveLength(83)
    expect(Object.keys(tags).filter((tag) => !places.has(tag))).toEqual([])
  })

  test('lead somewhere wherever the prose names one', () => {
    const lost = findChapters(root).flatMap((chapter) =>
      (readChapter(root, chapter).match(/\b[BLHPSDGEM]:\d{3,4}\b/g) ?? [])
        .filter((tag) => !places.has(tag)).map((tag) => `${chapter.path}: ${tag}`))
    expect(lost).toEqual([])
  })

  test('and ours, stand in one place each', () => {
    expect([...places.values()].filter((sections) => sections.length > 1)).toEqual([])
  })
})

describe('the statements of the documents', () => {
  test('are 453, each in the title of a test, or listed with the reason why not', () => {
    const tests = named()
    expect(Object.keys(statements)).toHaveLength(453)
    const open = Object.keys(statements).filter((id) => !tests.has(id) && !(id in elsewhere))
    expect(open.map((id) => `${id}: ${statements[id]}`)).toEqual([])
    const unsaid = excused()
    expect(Object.keys(elsewhere).filter((id) => !unsaid.has(id))).toEqual([])
  })

  test('are not listed as missing once a test names them', () => {
    const tests = named()
    expect(Object.keys(elsewhere).filter((id) => tests.has(id) || !(id in statements))).toEqual([])
    for (const { how, why } of Object.values(elsewhere)) {
      expect(['equivalent', 'by structure', 'not yet']).toContain(how)
      expect(why).toMatch(/^[A-Z0-9].*\.$/)
    }
  })

  test('have no strangers among them', () => {
    expect([...named().keys()].filter((id) => !(id in statements))).toEqual([])
  })
})

describe('the account of all this', () => {
  test('has a line for each, and misses none', () => {
    const { lines, missing } = account({ sections: places, tests: named(), otherwise: excused() })
    expect(missing).toEqual([])
    expect(lines).toHaveLength(83 + 453)
    expect(lines).toContainEqual(expect.stringMatching(/^H:205 .*journey\/H-host\/200-.*\.md:\d+ {2}Which interrupt/))
    expect(lines).toContainEqual(expect.stringMatching(/^B-T-016 .*test\/H-host\/200-interrupts-and-traps\.test\.ts/))
    expect(lines).toContainEqual(expect.stringMatching(/^B-L-058 .*050-what-we-do-otherwise\.md:\d+/))
  })

  test('says what is missing', () => {
    const { missing } = account({ sections: new Map(), tests: named(), otherwise: new Map() })
    expect(missing).toContain('L:000 has no section')
    expect(missing).toContain('B-L-058 is in no test and not in "what we do otherwise": '
      + statements['B-L-058'])
    expect(missing.filter((m) => m.startsWith('B-L-001 '))).toEqual([])
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

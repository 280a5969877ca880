/** No chapter uses a word of the trade before the section that tells it. */
import { expect, test } from 'vitest'
import { Diagnostics, format } from '../../tools/tangle/diagnostics.ts'
import { outline } from '../../tools/tangle/markdown.ts'
import { explain } from '../../tools/tangle/door.ts'
import { checkTerms, readTerms } from '../../tools/tangle/terms.ts'
import { book, project, write } from './fixture.ts'

const first = '# L:000 One\n\nIt has no telling\ngates here.\n\n```text\na gate in a fence\n```\n'
const second = '# H:000 Two\n\n## H:010 Gates\n\nA *gate* is a door.\n'

function errors(terms: Record<string, string[]>, ...texts: string[]): string[] {
  const out = new Diagnostics()
  const chapters = texts.map((text, i) => ({ path: `journey/${i}.md`, ...outline(text) }))
  checkTerms(chapters, terms, (path) => texts[Number(/\d/.exec(path)![0])], out)
  return out.all.map(format)
}

test('a word used too early is an error at its place', () => {
  expect(errors({ 'H:010': ['gate'] }, first, second)).toEqual([
    "journey/0.md:4:1: 'gate' is not told before H:010\n    say it in other words, or tell it here",
  ])
})

test('in fences, headings, code and inside other words it does not count', () => {
  const innocent = '# L:000 A gate\n\nAn investigator says `gate`, and investigates.\n\n```text\ngate\n```\n'
  expect(errors({ 'H:010': ['gate'] }, innocent, second)).toEqual([])
})

test('a section that is gone is an error, too', () => {
  expect(errors({ 'H:999': ['gate'] }, first)).toEqual([
    'journey/terms.json:1:1: no heading carries the tag H:999\n    where are its words told now?',
  ])
})

test('a book without a list has no such words, ours has the words of the processor', () => {
  expect(readTerms(book({ 'L-launcher/000-a.md': first }))).toEqual({})
  const told = Object.values(readTerms(project)).flat()
  for (const word of ['ring', 'gate', 'selector', 'descriptor', 'TSS', 'CR3', 'page directory', 'trap']) {
    expect(told).toContain(word)
  }
})

test('a list that is no list is said in one line', () => {
  const root = book({ 'L-launcher/000-a.md': first })
  write(root, 'journey/terms.json', '{ "H:010": "gate"')
  const said = () => {
    try {
      return readTerms(root)
    } catch (error) {
      return explain(error)
    }
  }
  expect(said()).toMatch(/^journey\/terms\.json:1:1: this is no JSON: [^\n]*$/)
})

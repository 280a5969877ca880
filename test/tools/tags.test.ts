import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Refused } from '../../tools/tangle/door.ts'
import { renamedChapters, renamedTag } from '../../tools/tangle/renamed.ts'
import { tagsOf, testsFor, type Told } from '../../tools/tangle/tags.ts'
import { scratch, write } from './fixture.ts'

const told = (path: string, ...headings: string[]): Told => {
  const [, folder, file] = path.split('/')
  const chapter = { path, part: folder[0], number: parseInt(file, 10), name: file.replace('.md', '') }
  return { chapter, headings: headings.map((text, line) => ({ text, line, depth: 2 })) }
}

const book = [
  told('journey/H-host/200-interrupts-and-traps.md', 'H:200 Interrupts', 'H:205 Which interrupt, if any'),
  told('journey/H-host/300-page-tables.md', 'P:700, H:300 Page tables', 'A mention of H:999'),
  told('journey/S-switcher/000-into-the-guest.md', 'S:000 Into the Guest'),
]

function tests(name: string): string[] {
  const root = scratch()
  write(root, 'test/H-host/200-interrupts-and-traps.test.ts', '')
  write(root, 'test/H-host/300-page-tables.test.ts', '')
  return testsFor(name, book, root)
}

const interrupts = ['test/H-host/200-interrupts-and-traps.test.ts']
const pages = ['test/H-host/300-page-tables.test.ts']

test('tags stand at the start of a heading', () => {
  expect(tagsOf('H:205 Which interrupt of H:999')).toEqual(['H:205'])
  expect(tagsOf('P:400, P:700 and H:300: the files')).toEqual(['P:400', 'P:700', 'H:300'])
  expect(tagsOf('About H:200')).toEqual([])
})

test('a tag leads to the tests of its chapter', () => {
  expect(tests('H:200')).toEqual(interrupts)
  expect(tests('h:205')).toEqual(interrupts)
  expect(tests('P:700')).toEqual(pages)
})

test.each(['200-interrupts-and-traps', 'interrupts-and-traps', '200-interrupts-and-traps.md',
  'journey/H-host/200-interrupts-and-traps.md', 'test/H-host/200-interrupts-and-traps.test.ts'])(
  'a chapter by name: %s', (name) => { expect(tests(name)).toEqual(interrupts) })

test('a part leads to all its tests', () => {
  expect(tests('H')).toEqual([...interrupts, ...pages])
  expect(tests('H-host')).toEqual([...interrupts, ...pages])
})

test.each([
  ['H:210', 'no heading carries the tag H:210; near it are H:200, H:205, H:300'],
  ['H:999', 'no heading carries the tag H:999; near it are H:200, H:205, H:300'],
  ['M:100', 'no heading carries the tag M:100; part M has no tags yet'],
  ['page-table', "no chapter is called 'page-table'; did you mean page-tables?"],
  ['xyzzy', "no chapter is called 'xyzzy'; name a tag (H:200), a chapter (its file name) or a part (H)"],
  ['S:000', 'S:000 has no tests yet: expected test/S-switcher/000-into-the-guest.test.ts'],
])('%s is refused with a hint', (name, message) => {
  expect(() => tests(name)).toThrow(new Refused(message))
})

test('what was ever renamed leads to what is there', () => {
  const journey = (path: string) => new URL(`../../journey/${path}`, import.meta.url)
  const gone = Object.values(renamedChapters).filter((to) => !existsSync(journey(`${to}.md`)))
  expect(gone).toEqual([])
  const headings = new Set(readdirSync(journey('E-emulator')).flatMap((file) =>
    readFileSync(journey(`E-emulator/${file}`), 'utf8').split('\n').filter((line) => line.startsWith('#'))
      .flatMap((line) => tagsOf(line.replace(/^#+ /, '')))))
  const olds = ['E:498', 'E:680', 'E:682', 'E:760', 'E:766', 'E:769', 'P:1730', 'P:1736', 'P:1765', 'P:1768', 'P:1772']
  for (const old of olds) expect(headings, old).toContain(renamedTag(old))
})

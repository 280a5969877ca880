import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { format } from '../../tools/tangle/diagnostics.ts'
import { tangle } from '../../tools/tangle/tangle.ts'
import { untangle } from '../../tools/tangle/untangle.ts'
import { book, copyOf, edit, fixtures, text, tree, write } from './fixture.ts'

const cases = join(fixtures, 'untangle/cases')

/** The book, tangled, with the files of `edited` over those of generated/. */
async function editedBook(name: string): Promise<string> {
  const root = copyOf('untangle/book')
  await tangle(root)
  for (const [path, content] of Object.entries(tree(join(cases, name, 'edited')))) {
    const map = text(root, 'generated', path).split('\n').at(-2)!
    write(root, `generated/${path}`, `${content}${map}\n`)
  }
  return root
}

describe('edits carried back, or refused with their places', () => {
  test.each(readdirSync(cases))('%s', async (name) => {
    const root = await editedBook(name)
    const before = tree(join(root, 'journey'))
    const edited = tree(join(root, 'generated'))
    const { errors } = await untangle(root)
    const refusal = join(cases, name, 'expected.txt')
    if (existsSync(refusal)) {
      expect(errors.map((error) => format(error) + '\n').join('')).toBe(text(refusal))
      expect(tree(join(root, 'journey'))).toEqual(before)
      expect(tree(join(root, 'generated'))).toEqual(edited)
    } else {
      expect(errors).toEqual([])
      expect(tree(join(root, 'journey'))).toEqual({ ...before, ...tree(join(cases, name, 'expected')) })
      expect((await tangle(root)).result!.written).toEqual([])
    }
  })
})

const core = 'generated/host/core.ts'
const chapter = 'journey/H-host/200-traps.md'

test('without edits nothing happens', async () => {
  const root = copyOf('untangle/book')
  await tangle(root)
  expect(await untangle(root)).toEqual({ errors: [], carried: [], left: [] })
})

test('tangling does not overwrite an edit, unless told to', async () => {
  const root = copyOf('untangle/book')
  await tangle(root)
  edit(root, core, 'length = 2', 'length = 4')
  edit(root, chapter, 'length = 3', 'length = 5')
  const { errors, result } = await tangle(root)
  expect(errors.map(format)).toEqual([`${core}:1:1: edited by hand since it was tangled
    carry the edit back: npm run untangle; or drop it: npm run tangle -- --force`])
  expect(result).toBeUndefined()
  expect(text(root, core)).toContain('length = 4')
  expect((await tangle(root, true)).errors).toEqual([])
  expect(text(root, core)).toContain('length = 2')
})

test('an edit and a change of the chapters in the same file are a conflict', async () => {
  const root = copyOf('untangle/book')
  await tangle(root)
  edit(root, core, 'length = 2', 'length = 4')
  edit(root, chapter, 'length = 3', 'length = 5')
  expect((await untangle(root)).errors.map(format)).toEqual([
    `${core}:7:1: both this file and its chapters have changed since they were last tangled
    its root stands at ${chapter}:6; put one of the two back, or make the edit there by hand`])
})

test('a change elsewhere is none, nor one of prose: only content counts', async () => {
  const root = copyOf('untangle/book')
  await tangle(root)
  edit(root, core, 'length = 2', 'length = 4')
  edit(root, chapter, 'Prose with', 'More prose.\n\nProse with')
  edit(root, 'journey/H-host/210-more.md', 'other = 1', 'other = 2')
  expect((await untangle(root)).errors).toEqual([])
  expect(text(root, chapter)).toContain('  length = 4\n')
  expect(text(root, chapter)).toContain('More prose.\n')
  expect(text(root, 'generated/host/other.ts')).toContain('other = 2')
})

test('the same change made in both places is no conflict', async () => {
  const root = copyOf('untangle/book')
  await tangle(root)
  edit(root, core, 'length = 2', 'length = 4')
  edit(root, chapter, 'length = 2', 'length = 4')
  expect(await untangle(root)).toEqual({ errors: [], carried: [], left: [] })
  expect((await tangle(root)).errors).toEqual([])
})

test('what a generator computes is refused', async () => {
  const root = copyOf('tangle/generator')
  await tangle(root)
  edit(root, 'generated/isa/made.ts', 'function add', 'function adc')
  expect((await untangle(root)).errors.map(format)).toEqual([
    `generated/isa/made.ts:1:1: no root of a chapter: this file is computed by a generator, or no longer tangled
    edit what it is made from`])
})

test('a map that went with the edit does not matter', async () => {
  const root = copyOf('untangle/book')
  await tangle(root)
  write(root, core, text(root, core).replace(/\/\/# source.*\n/, '').replace('length = 2', 'length = 4'))
  expect((await untangle(root)).errors).toEqual([])
  expect(text(root, chapter)).toContain('  length = 4\n')
  expect(text(root, core)).toContain('sourceMappingURL')
})

test('a line beside the empty one between two blocks goes to the block it stands at', async () => {
  const root = book({ 'L-one/000-one.md': '# L:000 One\n\n```ts {file=a.ts}\nconst a = 1\n```\n\nMore.\n\n```ts {file=a.ts .append}\nconst b = 2\n```\n' })
  await tangle(root)
  expect(text(root, 'generated/a.ts')).toMatch(/^const a = 1\n\nconst b = 2\n/)
  edit(root, 'generated/a.ts', 'a = 1\n', 'a = 1\nconst x = 3\n')
  edit(root, 'generated/a.ts', 'const b', 'const y = 4\nconst b')
  expect((await untangle(root)).errors).toEqual([])
  expect(text(root, 'journey/L-one/000-one.md')).toMatch(/const a = 1\nconst x = 3\n```[^]*const y = 4\nconst b = 2\n```/)
  edit(root, 'generated/a.ts', '3\n\n', '3\n')
  expect((await untangle(root)).errors.map(format)).toEqual([`generated/a.ts:3:1: an empty line between two blocks of the file is in this edit
    tangling puts it there; make the edit in the chapter`])
  edit(root, 'generated/a.ts', '3\nconst y', '3\n\nconst y')
  edit(root, 'generated/a.ts', 'const x = 3\n\nconst y = 4\n', '')
  expect((await untangle(root)).errors.map(format)[0]).toContain('generated/a.ts:2:1: an empty line between two blocks')
  edit(root, 'generated/a.ts', 'const a = 1\n', 'const a = 1\n\n')
  expect((await untangle(root)).errors).toEqual([])
  expect(text(root, 'journey/L-one/000-one.md')).toMatch(/const a = 1\n```[^]*append}\nconst b = 2\n```/)
})

import { describe, expect, test } from 'vitest'
import { at, Diagnostics, format } from '../../tools/tangle/diagnostics.ts'
import { textOf } from '../../tools/tangle/expand.ts'
import { checkImports } from '../../tools/tangle/imports.ts'
import { checkRooms } from '../../tools/tangle/rooms.ts'
import { read, tangle } from '../../tools/tangle/tangle.ts'
import { Remapper } from '../../tools/tangle/remap.ts'
import { untangle } from '../../tools/tangle/untangle.ts'
import { book, edit, text } from './fixture.ts'

const fence = (file: string, code: string) => `\`\`\`ts {file=${file}}\n${code.trim()}\n\`\`\`\n\n`

/** A book of one chapter, of files that lend each other names. */
const of = (files: Record<string, string>): string =>
  book({ 'L-one/000-one.md': `# L:000 One\n\n${Object.entries(files).map(([file, code]) => fence(file, code)).join('')}` })

/** The imports that tangling gives a file, or the errors. */
async function importsOf(file: string, files: Record<string, string>): Promise<string[]> {
  const { files: made, errors } = await read(of(files))
  if (errors.length > 0) return errors.map(format)
  const found = made.find(({ path }) => path === file)!
  return found.lines.flatMap(({ text }) => text || [])
}

const lender = `
export interface Shape { x: number }
export type Ear = 'left' | 'right'
export class Dog {
  bark = () => 'wow'
}
export const PAGE = 4096, FIRST = 1, SECOND = FIRST | 2, third = -3
export const [one, two] = [1, 2]
export function walk(far: number): number
export function walk(far: number, fast?: boolean): number { return fast ? far : 2 * far }
`

describe('a file is given the imports it needs', () => {
  const cases: [string, string, string[]][] = [
    ['values', 'export const a = walk(PAGE) + two', ["import { PAGE, two, walk } from './lender.ts'"]],
    ['constants that stand in a row', 'const SECOND = 5, ZERO = 0\nexport const a = [SECOND, ZERO, FIRST, third]',
      ["import { FIRST, third } from './lender.ts'"]],
    ['types', 'export const a: Shape[] = []\nexport type Two = Ear', ["import type { Ear, Shape } from './lender.ts'"]],
    ['a class that is only a type', 'export const bark = (dog: Dog) => dog.bark()', ["import type { Dog } from './lender.ts'"]],
    ['values and types in one line', 'export const a: Shape = { x: PAGE }', ["import { PAGE, type Shape } from './lender.ts'"]],
    ['a value whose type is asked for', 'export const a = (x: typeof PAGE) => x', ["import type { PAGE } from './lender.ts'"]],
    ['no name that stands for something of its own', `
export function far(walk: number) {
  const two = walk
  return { two, x: { PAGE: 1 }.PAGE }
}
class Dog {}
export type Own = Dog`, []],
    ['a type whose namesake is taken from elsewhere in time', `
export async function dog(): Promise<Dog> {
  const { Dog } = await import('./lender.ts')
  return new Dog()
}
export const PAGE = import('./lender.ts').then(({ Ear }: any) => String(Ear))`, ["import type { Dog } from './lender.ts'"]],
    ['no member, no string, no comment', 'export const a = (b: { walk: number }) => `${b.walk} walk` // PAGE, a Dog', []],
    ['beside what is written', "import { PAGE as SIZE, walk } from '../else.ts'\nexport const a = [SIZE, walk, one]",
      ["import { one } from './lender.ts'"]],
    ['not for what is only handed on', "export { walk } from './lender.ts'", []],
  ]
  test.each(cases)('%s', async (_, code, imports) => {
    const elsewhere = 'export const PAGE = 1\nexport const walk = 2'
    expect(await importsOf('host/user.ts', { 'host/lender.ts': lender, 'else.ts': elsewhere, 'host/user.ts': code })).toEqual(imports)
  })

  test('below the comment that opens it, apart from the code', async () => {
    const code = '/**\n * Uses.\n */\nexport const a = PAGE'
    const { files } = await read(of({ 'lender.ts': lender, 'a/user.ts': code }))
    expect(textOf(files[1])).toBe("/**\n * Uses.\n */\nimport { PAGE } from '../lender.ts'\n\nexport const a = PAGE\n")
  })

  test('in the order of their paths', async () => {
    expect(await importsOf('host/user.ts', {
      'launcher/b.ts': 'export const b = 1', 'host/z.ts': 'export const z = 1', 'abi/a.ts': 'export const a = 1',
      'host/user.ts': 'export const all = [z, b, a]',
    })).toEqual(["import { a } from '../abi/a.ts'", "import { z } from './z.ts'", "import { b } from '../launcher/b.ts'"])
  })
})

describe('of several modules that export a name', () => {
  const hex = 'export const hex = 1'
  test('it is that of the nearest', async () => {
    expect(await importsOf('host/user.ts', { 'host/hex.ts': hex, 'launcher/hex.ts': hex, 'host/user.ts': 'export const a = hex' }))
      .toEqual(["import { hex } from './hex.ts'"])
  })
  const two = { 'host/hex.ts': hex, 'launcher/hex.ts': hex }
  test('two at the same distance are an error where the name is used', async () => {
    expect(await importsOf('abi/user.ts', { ...two, 'abi/user.ts': 'export const b = 2\nexport const a = hex' }))
      .toEqual([`journey/L-one/000-one.md:13:1: 'hex' may be that of host/hex.ts or that of launcher/hex.ts
    write the import of the one you mean, or give one of them another name`])
  })
  test('a type alone does not stand in for what runs', async () => {
    const type = 'export interface hex { x: 1 }'
    expect(await importsOf('host/user.ts', { 'host/hex.ts': type, 'launcher/hex.ts': hex, 'host/user.ts': 'export const a = hex' }))
      .toEqual(["import { hex } from '../launcher/hex.ts'"])
  })
  test('unless the import is written', async () => {
    expect(await importsOf('abi/user.ts', { ...two, 'abi/user.ts': "import { hex } from '../host/hex.ts'\nexport const a = hex" })).toEqual([])
  })
})

const files = { 'lender.ts': lender, 'user.ts': '// Uses.\nexport const b = 2\nexport const a = PAGE' }
const chapter = 'journey/L-one/000-one.md'

test('such a line leads to the line of the chapter that needs it', async () => {
  const root = of(files)
  await tangle(root)
  expect(text(root, 'generated/user.ts')).toContain("// Uses.\nimport { PAGE } from './lender.ts'\n\nexport const b")
  expect(new Remapper(root).chapterPlace(at('generated/user.ts', 2, 1))).toEqual(at(chapter, 18, 1))
})

test('an import against the arrows of the house is an error there', async () => {
  const { files: made } = await read(of({ 'launcher/pull.ts': 'export const pull = 1', 'host/a.ts': 'export const b = 1\nexport const a = pull' }))
  const out = new Diagnostics()
  checkRooms(made, out)
  expect(out.all.map(format)).toEqual([`${chapter}:9:1: host must not import from launcher
    host knows abi, assembler, emulator, switcher`])
})

test('an import that is no longer needed goes, and one that is comes', async () => {
  const root = of(files)
  await tangle(root)
  edit(root, chapter, 'a = PAGE', 'a = walk(1)')
  expect((await tangle(root)).result!.written).toEqual(['user.ts'])
  expect(text(root, 'generated/user.ts')).toContain("import { walk } from './lender.ts'")
})

test('what does not parse is told as before', async () => {
  const { errors } = await tangle(of({ ...files, 'user.ts': 'export const a = PAGE +' }))
  expect(errors.map(format)[0]).toContain('this does not parse')
})

test('an import is needless if tangling would write it', async () => {
  const written = (line: string) => read(of({ ...files, 'else.ts': 'export const two = 3',
    'user.ts': `${line}\nexport const a = [PAGE, two, x, walk]` })).then(({ needless }) => {
    const out = new Diagnostics()
    checkImports(needless, out)
    return out.all.map(format)
  })
  expect(await written("import { PAGE, walk } from './lender.ts'")).toEqual([`${chapter}:16:1: this import is written by tangling
    leave it out`])
  expect(await written("import { two } from './lender.ts'")).toEqual([])
  expect(await written("import { walk as x } from './lender.ts'")).toEqual([])
  expect(await written("import { x } from './computed.ts'")).toEqual([])
})

describe('edits of a file with such imports', () => {
  const untangled = async (...edits: [string, string][]) => {
    const root = of(files)
    await tangle(root)
    for (const [from, to] of edits) edit(root, 'generated/user.ts', from, to)
    const before = text(root, chapter)
    const { errors } = await untangle(root)
    const after = text(root, chapter)
    if (errors.length > 0) expect(after).toBe(before)
    return errors.length > 0 ? errors.map(format).join('\n') : after
  }
  const given = "import { PAGE } from './lender.ts'"

  test('are carried where they belong', async () => {
    expect(await untangled(['b = 2', 'b = 3'])).toContain('// Uses.\nexport const b = 3\nexport const a = PAGE\n')
  })
  test('so is a new line below the imports', async () => {
    expect(await untangled(['export const b', 'export const c = 1\nexport const b'])).toContain('// Uses.\nexport const c = 1\nexport const b')
  })
  test('with a name more, and the import that it wants', async () => {
    expect(await untangled(['b = 2', 'b = one'], [given, "import { PAGE, one } from './lender.ts'"]))
      .toContain('// Uses.\nexport const b = one\n')
  })
  test('with another import than it wants they are refused', async () => {
    expect(await untangled(['b = 2', 'b = one'], [given, "import { one, PAGE } from './lender.ts'"]))
      .toBe(`generated/user.ts:2:1: tangling writes the imports of this file by what the file uses
    it would write here: import { PAGE, one } from './lender.ts'`)
  })
  test('of the imports alone they are refused', async () => {
    expect(await untangled([`${given}\n`, ''])).toBe(`generated/user.ts:2:1: tangling writes the imports of this file by what the file uses
    change what uses the names; or write the import in the chapter`)
  })
  test('and so is other text among them', async () => {
    expect(await untangled([given, `const mine = 1\n${given} // mine`])).toContain(
      'generated/user.ts:2:1: these lines stand among the imports that tangling writes')
  })
})

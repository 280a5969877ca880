import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { format } from '../../tools/tangle/diagnostics.ts'
import { codeOf } from '../../tools/tangle/source-map.ts'
import { tangle } from '../../tools/tangle/tangle.ts'
import { book, copyOf, edit, fixtures, text, tree, write } from './fixture.ts'

const cases = (kind: string) => readdirSync(join(fixtures, kind))

const withoutMaps = (files: Record<string, string>) =>
  Object.fromEntries(Object.entries(files).map(([path, text]) => [path, codeOf(path, text)]))

describe('what is tangled', () => {
  test.each(cases('tangle'))('%s', async (name) => {
    const root = copyOf(`tangle/${name}`)
    const { errors } = await tangle(root)
    expect(errors).toEqual([])
    expect(withoutMaps(tree(join(root, 'generated')))).toEqual(tree(join(root, 'expected')))
  })
})

describe('what is refused, where and with which hint', () => {
  test.each(cases('errors'))('%s', async (name) => {
    const root = copyOf(`errors/${name}`)
    const { errors, result } = await tangle(root)
    const lines = errors.map((error) => format(error) + '\n').join('')
    const count = errors.length === 1 ? '1 error' : `${errors.length} errors`
    expect(`${lines}${count}\n`).toBe(text(root, 'expected.txt'))
    expect(result).toBeUndefined()
  })
})

const small = {
  'H-host/200-a.md': '# H:200\n\n```ts {file=host/a.ts}\n// <<told later>>\n```\n',
  'H-host/210-b.md': '# H:210\n\n```ts {#told-later}\nexport const a = 1\n```\n\n'
    + '```ts {file=other/b.ts}\nexport const b = 2\n```\n',
}

describe('what is written', () => {
  test('only what has changed', async () => {
    const root = book(small)
    expect((await tangle(root)).result!.written).toEqual(['host/a.ts', 'other/b.ts'])
    expect((await tangle(root)).result!.written).toEqual([])
    const before = statSync(join(root, 'generated/other/b.ts')).mtimeMs
    edit(root, 'journey/H-host/210-b.md', 'a = 1', 'a = 3')
    expect((await tangle(root)).result!.written).toEqual(['host/a.ts'])
    expect(statSync(join(root, 'generated/other/b.ts')).mtimeMs).toBe(before)
    expect(text(root, 'generated/host/a.ts')).toContain('a = 3')
  })

  test('a file that moved down its chapter, for its map is another', async () => {
    const root = book(small)
    await tangle(root)
    edit(root, 'journey/H-host/210-b.md', '# H:210\n', '# H:210\n\nMore prose.\n')
    expect((await tangle(root)).result!.written).toEqual(['host/a.ts', 'other/b.ts'])
  })

  test('what somebody deleted', async () => {
    const root = book(small)
    await tangle(root)
    rmSync(join(root, 'generated/host'), { recursive: true })
    expect((await tangle(root)).result!.written).toEqual(['host/a.ts'])
  })

  test('what is no longer produced goes, with its folder; what is foreign stays', async () => {
    const root = book(small)
    await tangle(root)
    write(root, 'generated/host/foreign.ts', '// mine\n')
    edit(root, 'journey/H-host/210-b.md', 'file=other/b.ts', 'file=b.ts')
    expect((await tangle(root)).result!.removed).toEqual(['other/b.ts'])
    expect(Object.keys(tree(join(root, 'generated')))).toEqual(['b.ts', 'host/a.ts', 'host/foreign.ts'])
    expect(readdirSync(join(root, 'generated'))).not.toContain('other')
  })

  test('nothing, if any chapter has an error: the last good output stays', async () => {
    const root = book(small)
    await tangle(root)
    const before = tree(join(root, 'generated'))
    edit(root, 'journey/H-host/200-a.md', 'told later', 'told never')
    edit(root, 'journey/H-host/210-b.md', 'b = 2', 'b = 3')
    const { errors, result } = await tangle(root)
    expect(errors.map((error) => `${error.line}:${error.column}`)).toEqual(['4:1', '3:1'])
    expect(result).toBeUndefined()
    expect(tree(join(root, 'generated'))).toEqual(before)
  })

  test('the same from a cache that is broken', async () => {
    const root = book(small)
    await tangle(root)
    const before = tree(join(root, 'generated'))
    const cache = '.cache/chapters'
    for (const file of readdirSync(join(root, cache))) write(root, `${cache}/${file}`, '{"fences": [')
    expect((await tangle(root)).errors).toEqual([])
    expect(tree(join(root, 'generated'))).toEqual(before)
  })

  test('nothing, if what stands there is right though its manifest is lost', async () => {
    const root = book(small)
    await tangle(root)
    rmSync(join(root, 'generated/.cache'), { recursive: true })
    expect((await tangle(root)).result!.written).toEqual([])
    write(root, 'generated/.cache/manifest.json', '{"host/a')
    expect((await tangle(root)).result!.written).toEqual([])
  })

  test('again, if the last writing was cut short', async () => {
    const root = book(small)
    await tangle(root)
    const old = text(root, 'generated/other/b.ts')
    edit(root, 'journey/H-host/210-b.md', 'b = 2', 'b = 3')
    await tangle(root)
    write(root, 'generated/other/b.ts', old)
    edit(root, 'journey/H-host/210-b.md', 'b = 3', 'b = 4')
    expect((await tangle(root)).errors).toEqual([])
    expect(text(root, 'generated/other/b.ts')).toContain('b = 4')
  })

  test('to the cache, one outline for each chapter and no more', async () => {
    const root = book(small)
    await tangle(root)
    edit(root, 'journey/H-host/210-b.md', 'b = 2', 'b = 3')
    await tangle(root)
    expect(readdirSync(join(root, '.cache/chapters'))).toHaveLength(2)
  })

  test('Windows line ends are no part of the code', async () => {
    const root = book({ 'H-host/200-a.md': small['H-host/210-b.md'].replace('{#told-later}', '{file=a.ts}').replace(/\n/g, '\r\n') })
    expect((await tangle(root)).errors).toEqual([])
    expect(codeOf('a.ts', text(root, 'generated/a.ts'))).toBe('export const a = 1\n')
  })
})

describe('generators', () => {
  const path = 'journey/P-preparation/1100-described.md'
  const made = 'generated/isa/made.ts'

  test('run again only if something they are made from has changed', async () => {
    const root = copyOf('tangle/generator')
    await tangle(root)
    expect((await tangle(root)).result!.written).toEqual([])
    edit(root, path, "describe('sub')", "describe('xor')")
    expect((await tangle(root)).result!.written).toEqual(['isa/describe.ts', 'isa/made.ts'])
    expect(text(root, made)).toContain('function xor')
  })

  test('bring back what somebody deleted or changed', async () => {
    const root = copyOf('tangle/generator')
    await tangle(root)
    const before = text(root, made)
    rmSync(join(root, made))
    await tangle(root)
    expect(text(root, made)).toBe(before)
    write(root, made, 'changed')
    await tangle(root, true)
    expect(text(root, made)).toBe(before)
  })

  test('leave the last good output when they fail', async () => {
    const root = copyOf('tangle/generator')
    await tangle(root)
    const before = tree(join(root, 'generated'))
    edit(root, path, "describe('sub')", "describe('xor'), oops()")
    const { errors } = await tangle(root)
    expect(errors).toMatchObject([
      { file: path, line: 11, message: "the generator 'isa/emit.ts' failed: oops is not defined" },
    ])
    expect(tree(join(root, 'generated'))).toEqual(before)
  })

  test('take their files with them', async () => {
    const root = copyOf('tangle/generator')
    await tangle(root)
    edit(root, path, ' .generator', '')
    expect((await tangle(root)).result!.removed).toEqual(['isa/made.ts'])
  })
})

test('a block that opens with a comment on what it brings stands apart, a row of a table does not', async () => {
  const root = book({ 'L-one/000-one.md': `# L:000 One

\`\`\`ts {file=a.ts}
class A {
  // <<fields>>
}
\`\`\`

\`\`\`ts {#fields}
/** The first. */
a = 1
\`\`\`

\`\`\`ts {#fields .append}
b = 2
\`\`\`

\`\`\`ts {#fields .append}
/** The last. */
c = 3
\`\`\`
` })
  await tangle(root)
  expect(text(root, 'generated/a.ts').split('//#')[0])
    .toBe('class A {\n  /** The first. */\n  a = 1\n  b = 2\n\n  /** The last. */\n  c = 3\n}\n')
})

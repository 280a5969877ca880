/** What is read is read as Markdown reads it, or refused at its place. */
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { format } from '../../tools/tangle/diagnostics.ts'
import { slug } from '../../tools/tangle/names.ts'
import { codeOf } from '../../tools/tangle/source-map.ts'
import { read, tangle } from '../../tools/tangle/tangle.ts'
import { book, scratch, text, tree, write } from './fixture.ts'

const path = 'journey/H-host/200-a.md'

async function errorsOf(chapter: string | Buffer): Promise<string[]> {
  const root = book({ 'H-host/200-a.md': '' })
  writeFileSync(join(root, path), chapter)
  return (await read(root)).errors.map((error) => format(error).replace(/\n[^]*/, '').replace(`${path}:`, ''))
}

async function tangledOf(chapter: string): Promise<Record<string, string>> {
  const root = book({ 'H-host/200-a.md': chapter })
  expect((await tangle(root)).errors.map(format)).toEqual([])
  const files = Object.entries(tree(join(root, 'generated')))
  return Object.fromEntries(files.map(([path, text]) => [path, codeOf(path, text)]))
}

const fence = (attributes: string, body = 'export {}', lang = 'ts') => `\`\`\`${lang} {${attributes}}\n${body}\n\`\`\`\n`

describe('bytes and line ends', () => {
  test.each<[string, Buffer, string]>([
    ['Latin-1', Buffer.concat([Buffer.from('# Ä\n\nein '), Buffer.from([0xe4]), Buffer.from('hnlich\n')]), '3:5: the byte 0xe4 is not UTF-8 here'],
    ['half a character at the end', Buffer.from([0x23, 0x20, 0xe2, 0x86]), '1:3: the byte 0xe2 is not UTF-8 here'],
    ['UTF-16', Buffer.from('\uFEFF# A', 'utf16le'), '1:1: this file is UTF-16'],
    ['a NUL', Buffer.from('# 😀\0\n'), '1:4: a NUL'],
  ])('%s is refused where it stands', async (_, bytes, message) => {
    expect(await errorsOf(bytes)).toEqual([message])
  })

  test.each(['\n', '\r\n', '\r'])('lines end with %j', async (end) => {
    const chapter = `# A\n\nprose${end === '\n' ? '' : end}more\n\n${fence('file=a.ts', 'const a = 1\n\nconst b = 2')}`
    expect(await tangledOf(chapter.replaceAll('\n', end))).toEqual({ 'a.ts': 'const a = 1\n\nconst b = 2\n' })
  })

  test('a lone CR in prose and in a fence', async () => {
    expect(await tangledOf(`# A\n\none\rtwo\n\n${fence('file=a.ts', 'const a = 1\rconst b = 2')}`))
      .toEqual({ 'a.ts': 'const a = 1\nconst b = 2\n' })
  })

  test('a byte order mark before a fence in line 1', async () => {
    expect(await tangledOf(`\uFEFF${fence('file=a.ts')}`)).toEqual({ 'a.ts': 'export {}\n' })
  })

  test('a tab that is half indentation', async () => {
    expect(await errorsOf('- ```ts {file=a.ts}\n\tx()\n  ```\n')).toEqual([
      '2:1: a tab that is indentation of the fence by one half, code by the other'])
  })

  test('lines that only look like the end of a fence do not close it', async () => {
    expect(await errorsOf('```ts {file=a.ts}\nx()\n    ```')).toEqual(['1:1: this fence is never closed'])
  })

  test('quotes in each other beyond reading', async () => {
    expect(await errorsOf(`${'>'.repeat(20_000)} a`)).toEqual(['1:1: quotes and lists in each other, too deep to be read'])
  }, 60_000)
})

describe('fences', () => {
  test.each([
    ['two files', fence('file=a.ts file=b.ts'), ['1:18: a second file']],
    ['two names', `${fence('file=c.ts', '// <<A>>')}\n${fence('#a #b')}`, ['5:11: a second name']],
    ['typescript', '```typescript\nx()\n```\n', ['1:1: a typescript fence without a name']],
    ['TS', '```TS\nx()\n```\n', ['1:1: a TS fence without a name']],
    ['js', '```js\nx()\n```\n', ['1:1: a js fence without a name']],
    ['in HTML', `<details>\n${fence('file=a.ts')}</details>\n`, ['2:1: this looks like a fence, but Markdown does not read it as one']],
    ['of two marks', '``ts {file=a.ts}\nx()\n``\n', ['1:1: this looks like a fence, but Markdown does not read it as one']],
    ['with a backtick behind', '```ts {file=a.ts title=`x`}\nx()\n```\n\nText.\n\n```ts {file=b.ts}\ny()\n```\n',
      ['1:1: this looks like a fence, but Markdown does not read it as one']],
    ['without a name, with a backtick', 'Text.\n\n````js `x`\nx()\n````\n', ['3:1: this looks like a fence, but Markdown does not read it as one']],
    ['that is code in a line of prose', '```a `tick` in code``` is no fence.\n', []],
    ['in a comment', `<!--\n${fence('file=a.ts')}-->\n`, ['2:1: this looks like a fence, but Markdown does not read it as one']],
    ['in HTML, with a line separator in its braces', `<div>\n\`\`\`ts {file=a.ts\u2028}\n</div>\n`, ['2:1: this looks like a fence, but Markdown does not read it as one']],
    ['indented by four', `# A\n\n    ${fence('#a').replace(/\n/g, '\n    ')}`, ['3:5: this looks like a fence, but Markdown does not read it as one']],
  ])('%s', async (_, chapter, errors) => {
    expect(await errorsOf(chapter)).toEqual(errors)
  })

  test('fences shown inside longer ones are shown', async () => {
    expect(await errorsOf(`# A\n\n\`\`\`\`text\n${fence('file=a.ts')}\`\`\`\`\n`)).toEqual([])
  })
})

test.each([
  '// <<Use Map<string>>>', '-- <<B>>', '<!-- <<B>> -->', '# << B >>', '% <<B>>', '// <<7 >>',
])('%s is nearly a reference', async (line) => {
  expect(await errorsOf(fence('file=a.ts', line))).toEqual([`2:1: '${line}' is nearly a reference`])
})

test('a name of signs alone is refused', async () => {
  expect(await errorsOf(fence('file=a.ts', '// <<→>>'))).toEqual(["2:1: '→' names no chunk"])
})

describe('where chapters stand', () => {
  const one = { 'H-host/200-a.md': '# A\n' }

  test.each([
    ['H-host/210-b.MD', 'the name of this chapter does not end in .md'],
    ['H-host/210-b.markdown', 'the name of this chapter does not end in .md'],
    ['H-host/more/210-b.md', 'a chapter below its part'],
    ['210-b.md', 'a chapter beside the parts'],
    ['X-rays/210-b.md', 'no part begins with X'],
    ['H-host/b.md', 'no number leads the name of this chapter'],
  ])('%s: %s', async (name, message) => {
    const { errors } = await read(book({ ...one, [name]: '# B\n' }))
    expect(errors.map((error) => `${error.file}: ${error.message}`)).toEqual([`journey/${name}: ${message}`])
  })

  test('READMEs and hidden files are left alone', async () => {
    expect((await read(book({ ...one, 'README.md': '', 'H-host/Readme.MD': '', 'H-host/.#200-a.md': '' }))).errors).toEqual([])
  })

  test('a part that is a link is read', async () => {
    const root = book({ ...one, 'S-switcher/000-b.md': fence('file=b.ts') })
    renameSync(join(root, 'journey/S-switcher'), join(root, 'elsewhere'))
    symlinkSync(join(root, 'elsewhere'), join(root, 'journey/S-switcher'))
    expect((await tangle(root)).result!.written).toEqual(['b.ts'])
  })

  test('no chapters is an error, and leaves all as it is', async () => {
    const root = book({ 'H-host/200-a.md': fence('file=a.ts') })
    await tangle(root)
    const before = tree(join(root, 'generated'))
    renameSync(join(root, 'journey'), join(root, 'away'))
    for (const make of [() => {}, () => mkdirSync(join(root, 'journey'))]) {
      make()
      const { errors, result } = await tangle(root)
      expect(errors.map(format)).toEqual(['journey:1:1: there are no chapters here\n    run this where a folder journey/ holds them'])
      expect(result).toBeUndefined()
    }
    expect(tree(join(root, 'generated'))).toEqual(before)
  })

  test('where there is no journey/ nothing is created', async () => {
    const root = scratch()
    expect((await tangle(root)).errors).toHaveLength(1)
    expect(tree(root)).toEqual({})
  })
})

describe('names', () => {
  test('letters of any script count', () => {
    expect([slug('Größe'), slug('Grüße'), slug('Слово 1'), slug('e\u0301')]).toEqual(['größe', 'grüße', 'слово-1', 'é'])
  })

  test('chunks that differ in such letters are two', async () => {
    const files = await tangledOf(`${fence('file=a.ts', '// <<Größe>>\n// <<Grüße>>')}\n${fence('#größe', 'a()')}\n${fence('#grüße', 'b()')}`)
    expect(files).toEqual({ 'a.ts': 'a()\nb()\n' })
  })

  test.each([
    ['host/A.ts', 'host/a.ts', "file 'host/a.ts' differs from 'host/A.ts' only in case"],
    ['Host/a.ts', 'host/b.ts', "file 'host/b.ts' is in a folder that differs from 'Host' only in case"],
    ['host/über/x/a.ts', 'host/Über/y/b.ts', "file 'host/Über/y/b.ts' is in a folder that differs from 'host/über' only in case"],
    ['host/a.ts', 'host/a.ts/b.ts', "file 'host/a.ts/b.ts' needs a folder where 'host/a.ts' stands"],
    ['host/a.ts/b.ts', 'host/a.ts', "file 'host/a.ts' stands where 'host/a.ts/b.ts' needs a folder"],
  ])('%s beside %s', async (a, b, message) => {
    expect(await errorsOf(`${fence(`file=${a}`)}\n${fence(`file=${b}`)}`)).toEqual([`5:1: ${message}`])
  })

  test('a name too long for file systems', async () => {
    const name = `${'a'.repeat(300)}.ts`
    expect(await errorsOf(fence(`file=${name}`))).toEqual([`1:8: file '${name}' has too long a name`])
  })

  test('a chunk in 5,000 others', async () => {
    const chunks = Array.from({ length: 5000 }, (_, i) => fence(`#c${i}`, i < 4999 ? `// <<c${i + 1}>>` : 'deep()'))
    expect(await tangledOf(`${fence('file=a.ts', '// <<c0>>')}\n${chunks.join('\n')}`)).toEqual({ 'a.ts': 'deep()\n' })
  }, 60_000)

  test('chunks that multiply beyond measure', async () => {
    const chunks = Array.from({ length: 40 }, (_, i) => fence(`#c${i}`, i < 39 ? `// <<c${i + 1}>>\n`.repeat(2).trim() : 'x()'))
    expect(await errorsOf(`${fence('file=a.ts', '// <<c0>>')}\n${chunks.join('\n')}`))
      .toEqual(["1:1: file 'a.ts' has more than 1000000 lines"])
  })
})

describe('columns count characters', () => {
  test('of code that does not parse', async () => {
    const root = book({ 'H-host/200-a.md': fence('file=a.ts', "const ä = '→'; let b = ;") })
    expect(format((await tangle(root)).errors[0])).toMatch(`${path}:2:24: this does not parse: `)
  })

  test('behind an emoji', async () => {
    expect(await errorsOf(fence('file=a.ts wide', 'x', 't😀'))).toEqual(["1:18: unknown attribute 'wide'"])
    expect(await errorsOf(fence('file=a.ts', "f('😀') // <<X>>"))).toEqual(["2:8: '// <<X>>' is nearly a reference"])
  })
})

test('control characters of a name are shown, not obeyed', async () => {
  const root = scratch()
  write(root, 'journey/H-host/200-\x1b[31m\n.md', '')
  expect(format((await read(root)).errors[0])).toMatch(/^journey\/H-host\/200-\\x1b\[31m\\x0a\.md:1:1: this chapter is empty\n/)
})

test('text that looks like a map is code in files that carry none', async () => {
  const line = '//# sourceMappingURL=data:application/json;base64,e30='
  const root = book({ 'H-host/200-a.md': fence('file=a.sh', `${line}\necho`, 'sh') })
  await tangle(root)
  expect(text(root, 'generated/a.sh')).toBe(`${line}\necho\n`)
  expect((await tangle(root)).result!.written).toEqual([])
})

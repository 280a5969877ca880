/** What somebody wrote, in generated/ or in a chapter, is never lost and never changed unasked. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { format } from '../../tools/tangle/diagnostics.ts'
import { tangle } from '../../tools/tangle/tangle.ts'
import { untangle } from '../../tools/tangle/untangle.ts'
import { book, copyOf, edit, text, tree, write } from './fixture.ts'

const core = 'generated/host/core.ts'
const other = 'generated/host/other.ts'
const chapter = 'journey/H-host/200-traps.md'

async function tangled(): Promise<string> {
  const root = copyOf('untangle/book')
  await tangle(root)
  return root
}

/** Untangles; all stays as it was, and this is said. */
async function refused(root: string): Promise<string[]> {
  const before = [tree(join(root, 'journey')), tree(join(root, 'generated'))]
  const { errors, carried } = await untangle(root)
  expect(carried).toEqual([])
  expect([tree(join(root, 'journey')), tree(join(root, 'generated'))]).toEqual(before)
  return errors.map(format)
}

describe('decided before anything is written', () => {
  test('a line without an end, behind the map or before it', async () => {
    const root = await tangled()
    writeFileSync(join(root, other), 'y()', { flag: 'a' })
    expect(await refused(root)).toEqual([`${other}:3:4: the last line has no end\n    end it with a newline`])
    write(root, other, 'export const shared = 1\nexport const other = 1')
    expect(await refused(root)).toEqual([`${other}:2:23: the last line has no end\n    end it with a newline`])
  })

  test('an emptied file', async () => {
    const root = await tangled()
    write(root, other, '')
    expect(await refused(root)).toEqual([
      `${other}:1:1: this file was emptied\n    delete its code in the chapter; or bring it back: npm run tangle -- --force`])
  })

  test('code that does not parse', async () => {
    const root = await tangled()
    edit(root, core, 'length = 2', 'length = ;')
    const [error] = await refused(root)
    expect(error).toMatch(/^generated\/host\/core.ts:7:14: this does not parse: /)
  })

  test.each([
    ['a Windows line end', 'length = 2\n', 'length = 2\r\n', 'this line holds a CR'],
    ['a reference', 'length = 2\n', 'length = 2\n// <<Count it>>\n', "'// <<Count it>>' would be read as a reference"],
    ['a NUL', 'length = 2\n', 'length = 2 // \0\n', 'a NUL'],
  ])('%s, for its own reason', async (_, from, to, reason) => {
    const root = await tangled()
    edit(root, core, from, to)
    const said = await refused(root).catch((error) => [error.message])
    expect(said[0]).toContain(reason)
  })
})

describe('without a record', () => {
  const lose = (root: string) => rmSync(join(root, 'generated/.cache/manifest.json'))

  test.each(['', '{"host/a', 'null'])('an edit is carried: %s', async (manifest) => {
    const root = await tangled()
    edit(root, core, 'length = 2', 'length = 4')
    write(root, 'generated/.cache/manifest.json', manifest)
    const { errors, result } = await tangle(root)
    expect(errors.map(({ message }) => message)).toEqual(['edited by hand since it was tangled'])
    expect(result).toBeUndefined()
    expect((await untangle(root)).errors).toEqual([])
    expect(text(root, chapter)).toContain('  length = 4\n')
  })

  test('a file whose map is gone as well is somebody\'s own', async () => {
    const root = await tangled()
    lose(root)
    write(root, other, '// mine\n')
    const { errors } = await tangle(root)
    expect(errors.map(({ file, message }) => `${file}: ${message}`)).toEqual([
      `${other}: this file differs from the book, and nothing says that it was tangled`])
    expect(text(root, other)).toBe('// mine\n')
  })

  test('a file at the path of a new root is not overwritten', async () => {
    const root = book({ 'H-host/200-a.md': '# A\n\n```sh {file=run.sh}\necho\n```\n' })
    write(root, 'generated/run.sh', 'rm -rf all\n')
    expect((await tangle(root)).errors).toHaveLength(1)
    expect(text(root, 'generated/run.sh')).toBe('rm -rf all\n')
  })

  test('the chapter that changed since is no edit of the file: the file\'s own map tells', async () => {
    const root = await tangled()
    lose(root)
    edit(root, chapter, 'length = 2', 'length = 9')
    expect((await tangle(root)).errors).toEqual([])
    expect(text(root, core)).toContain('length = 9')
  })
})

test('what is no text is refused where it stands, and dropped if told to', async () => {
  const root = await tangled()
  writeFileSync(join(root, other), Buffer.concat([Buffer.from('// '), Buffer.from([0xe4]), readFileSync(join(root, other))]))
  expect((await tangle(root)).errors.map(({ message }) => message)).toEqual(['edited by hand since it was tangled'])
  await expect(untangle(root)).rejects.toMatchObject({ place: { file: other, line: 1, column: 4 }, message: 'the byte 0xe4 is not UTF-8 here' })
  expect((await tangle(root, true)).errors).toEqual([])
  expect(text(root, other)).toContain('other = 1')
})

test('text typed into the file of an empty root is carried', async () => {
  const root = book({ 'H-host/200-a.md': '# A\n\n```sh {file=run.sh}\n```\n' })
  await tangle(root)
  write(root, 'generated/run.sh', 'echo\n')
  expect((await untangle(root)).errors).toEqual([])
  expect(text(root, 'journey/H-host/200-a.md')).toBe('# A\n\n```sh {file=run.sh}\necho\n```\n')
})

test('the text of a template in an indented chunk is carried as it stands', async () => {
  const chapter = (one: string, two: string) => `# A

\`\`\`ts {file=a.ts}
if (a) {
  // <<b>>
}
\`\`\`

\`\`\`ts {#b}
const x = \`${one}
${two}
  three\`
\`\`\`
`
  const root = book({ 'H-host/200-a.md': chapter('one', 'two') })
  await tangle(root)
  edit(root, 'generated/a.ts', 'one\ntwo', '1\n2\nmore')
  expect((await untangle(root)).errors).toHaveLength(1)
  edit(root, 'generated/a.ts', '1\n2\nmore', '1\n2')
  expect((await untangle(root)).errors.map(format)).toEqual([])
  expect(text(root, 'journey/H-host/200-a.md')).toBe(chapter('1', '2'))
})

test('a move past a chunk that is used twice is refused', async () => {
  const root = book({ 'H-host/200-a.md': `# A

\`\`\`sh {file=a.sh}
one
two
// <<shared>>
three
\`\`\`

\`\`\`sh {file=b.sh}
one
two
// <<shared>>
three
\`\`\`

\`\`\`sh {#shared}
S
\`\`\`
` })
  await tangle(root)
  for (const path of ['a', 'b']) write(root, `generated/${path}.sh`, 'S\none\ntwo\nthree\n')
  const said = await refused(root)
  expect(said[0]).toBe(`generated/a.sh:4:1: this moves text out of the chunk at journey/H-host/200-a.md:17, which is used in several places
    move its reference in the chapter`)
})

test('files deleted, renamed and added are named; edits are carried all the same', async () => {
  const root = await tangled()
  renameSync(join(root, other), join(root, 'generated/host/renamed.ts'))
  edit(root, core, 'length = 2', 'length = 4')
  const { errors, left } = await untangle(root)
  expect(errors).toEqual([])
  expect(left.map(({ file, message }) => `${file}: ${message}`)).toEqual([
    `${other}: deleted here, but a chapter makes it`, 'generated/host/renamed.ts: no chapter makes this file'])
  expect(text(root, chapter)).toContain('  length = 4\n')
})

test('a chapter keeps its mode, its links and every byte that was not edited', async () => {
  const root = await tangled()
  const real = join(root, 'real.md')
  renameSync(join(root, chapter), real)
  symlinkSync(real, join(root, chapter))
  writeFileSync(real, `\uFEFF${text(real).replace(/\n/g, '\r\n')}`)
  chmodSync(real, 0o640)
  await tangle(root, true)
  edit(root, core, 'length = 2', 'length = 4')
  const before = readFileSync(real)
  expect((await untangle(root)).errors).toEqual([])
  expect(statSync(real).mode & 0o777).toBe(0o640)
  expect(readFileSync(real, 'utf8')).toBe(before.toString().replace('length = 2', 'length = 4'))
  expect(readFileSync(join(root, chapter))).toEqual(readFileSync(real))
})

test('nothing is left behind when writing fails', async () => {
  const root = await tangled()
  edit(root, core, 'length = 2', 'length = 4')
  rmSync(join(root, 'journey/H-host/210-more.md'))
  mkdirSync(join(root, 'journey/H-host/210-more.md'))
  await expect(untangle(root)).rejects.toThrow(/EISDIR/)
  expect(readdirSync(join(root, 'journey/H-host'))).toEqual(['200-traps.md', '210-more.md'])
  expect(readdirSync(join(root, 'generated/.cache'))).toEqual(['manifest.json'])
})

test('two at once carry an edit once', async () => {
  const root = await tangled()
  edit(root, core, 'length = 2', 'length = 4')
  const all = await Promise.all([untangle(root), untangle(root), tangle(root), untangle(root)])
  expect(all.flatMap((one) => ('carried' in one ? one.carried : []))).toHaveLength(1)
  expect(text(root, chapter)).toContain('  length = 4\n')
})

/**
 * Random books, tangled and untangled: what goes in comes out.
 *
 * A case is a book made from a model that says by itself what each file must
 * hold. Then edits are made in generated/, sensible ones and mad ones: either
 * all are carried, exactly, or none is and nothing has changed. Either way
 * every line of prose is where it was, byte for byte.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Random } from '../../conformance/random.ts'
import { format } from '../../tools/tangle/diagnostics.ts'
import { Failure } from '../../tools/tangle/door.ts'
import { codeOf } from '../../tools/tangle/source-map.ts'
import { tangle } from '../../tools/tangle/tangle.ts'
import { untangle } from '../../tools/tangle/untangle.ts'

type Line = string | { chunk: Definition, indent: string }

interface Definition {
  /** A path for a root, a slug for a chunk. */
  name: string
  root: boolean
  /** The bodies of its blocks. */
  blocks: Line[][]
}

/** Texts by path. */
type Files = Record<string, string>

const anyCode = [
  'f()', 'g(1)', '', "s('ä→😀')", '# note', '  h()', '\tt()', 'a << b >> c', 'x  ', '> y', '- z', '1. w',
  '~~~~~', '<div>', '    deep()', '\u2028', '    ~~~~~~', '</div>',
]
const typescript = ['f()', 'g(1)', '', "s('ä→😀')", '// note', '  h()', '\tt()', 'a << b >> c', '/* c */ d()']
const prose = [
  'Plain words', '* a list', '> a quote', '## A heading', '    indented code', 'Two blanks  ', '| a | b |', '<b>bold</b>',
  'Wörter → 😀', '`code` and *more*', '[a]: b "c"', '---', '\tA tab', '1) one', '&amp; \\*',
]
const mad = [
  '```', '~~~', '````', '// <<c0>>', '# << c0 >>', 'x\ry', 'x\0y', '\uFEFF', '   ', '\t', '`', '/*', '*/',
  '```ts {file=new.ts}', '# A', '-->', '\r', '${', '  ~~~~~~~', '> ```', '- ',
]
/** What stands before a fence, and before the lines in it. */
const places = [
  ['', ''], ['', ''], ['', ''], [' ', ' '], ['   ', '   '], ['> ', '> '], ['- ', '  '], ['1. ', '   '],
  ['> - ', '>   '], ['- > ', '  > '], ['- - ', '    '],
]

/** Runs cases `from`, `from` + 1, …; throws at the first that fails, with its number. `done` is told after each. */
export async function fuzzTangle(folder: string, from: number, count: number, done: (carried: boolean) => void): Promise<void> {
  for (let seed = from; seed < from + count; seed++) {
    try {
      done(await runCase(folder, new Random(seed * 7919 + 1)))
    } catch (error) {
      throw new Error(`case ${seed}, left in ${folder}: ${error instanceof Error ? error.stack : error}`)
    }
  }
}

/** True if edits were carried, false if they were refused, or the chapters were. */
async function runCase(root: string, random: Random): Promise<boolean> {
  for (const name of ['journey', 'generated', '.cache']) rmSync(join(root, name), { recursive: true, force: true })
  const definitions = makeDefinitions(random)
  writeAll(root, makeChapters(definitions, random))
  if (!await tangleExactly(root, definitions)) return false
  if (random.chance(0.15)) return breakChapters(root, random)
  const wanted = makeEdits(root, random)
  if (random.chance(0.1)) rmSync(join(root, 'generated/.cache'), { recursive: true })
  return carryBack(root, wanted)
}

function makeDefinitions(random: Random): Definition[] {
  const inTypescript = random.chance(0.3)
  const words = inTypescript ? typescript : anyCode
  const definitions: Definition[] = []
  for (let i = 0, roots = 1 + random.below(3), all = roots + random.below(5); i < all; i++) {
    const name = i >= roots ? `c${i - roots}` : `${random.pick(['', 'a/', 'b/c/'])}r${i}.${inTypescript ? 'ts' : random.pick(['sh', 'txt'])}`
    const chunk: Definition = { name, root: i < roots, blocks: [] }
    for (let n = random.chance(0.3) ? 3 : 1; n > 0; n--) {
      chunk.blocks.push(Array.from({ length: random.below(6) }, () => random.pick(words)))
    }
    for (let uses = i < roots ? 0 : random.chance(0.3) ? 2 : 1; uses > 0; uses--) {
      const body = random.pick(random.pick(definitions).blocks)
      body.splice(random.below(body.length + 1), 0, { chunk, indent: random.pick(['', '', '  ', '\t', '    ']) })
    }
    definitions.push(chunk)
  }
  return definitions
}

/** Does tangling write an empty line between what a file has and this? */
function standsApart(lines: readonly string[], [first = '']: readonly Line[]): boolean {
  return lines.length > 0 && lines.at(-1)!.trim() !== '' && (typeof first !== 'string' || first.trim() !== '')
}

/** What the files must hold. */
function expected(definitions: Definition[]): Files {
  const linesOf = (definition: Definition, indent: string): string[] => definition.blocks.reduce<string[]>((lines, block) => {
    const joint = definition.root && standsApart(lines, block) ? [''] : []
    return [...lines, ...joint, ...block.flatMap((line) => {
      if (typeof line !== 'string') return linesOf(line.chunk, indent + line.indent)
      return [line === '' ? '' : indent + line]
    })]
  }, [])
  const text = (definition: Definition) => linesOf(definition, '').map((line) => `${line}\n`).join('')
  return Object.fromEntries(definitions.filter(({ root }) => root).map((root) => [root.name, text(root)]))
}

function makeChapters(definitions: Definition[], random: Random): Files {
  const left = definitions.map((definition) => ({ definition, next: 0 }))
  const chapters = Array.from({ length: 1 + random.below(3) }, () => [random.pick(['# H:200 A', 'No heading', '> a'])])
  for (let chapter = 0; left.length > 0;) {
    if (chapter < chapters.length - 1 && random.chance(0.3)) chapter++
    const one = random.pick(left)
    chapters[chapter].push('', ...someProse(random), ...fenced(one.definition, one.next++, random))
    if (one.next === one.definition.blocks.length) left.splice(left.indexOf(one), 1)
  }
  return Object.fromEntries(chapters.map((lines, i) => [`journey/H-host/${200 + i}-x.md`, ended([...lines, '', ...someProse(random)], random)]))
}

const someProse = (random: Random): string[] =>
  Array.from({ length: random.below(3) }, () => [random.pick(prose), '']).flat()

function fenced({ name, root, blocks }: Definition, nth: number, random: Random): string[] {
  const mark = random.pick(['```', '````', '~~~~~~'])
  const [first, rest] = random.pick(places)
  const info = `${mark}${random.pick(['ts', 'sh', ' c'])} {${root ? 'file=' : '#'}${name}${nth ? ' .append' : ''}}`
  const body = blocks[nth].map((line) => (typeof line === 'string' ? line : `${line.indent}// <<${line.chunk.name}>>`))
  return [first + info, ...body.map((line) => (line === '' ? rest.trimEnd() : rest + line)), rest + mark, '']
}

/** With one kind of line ends, or with all; some begin with a byte order mark. */
function ended(lines: string[], random: Random): string {
  const kinds = random.pick([['\n'], ['\n'], ['\r\n'], ['\r'], ['\n', '\r\n'], ['\r\n', '\r']])
  return (random.chance(0.1) ? '\uFEFF' : '') + lines.map((line) => line + random.pick(kinds)).join('')
}

/** Every file that the book makes now is as the model says; false where line ends are mixed beyond reading. */
async function tangleExactly(root: string, definitions: Definition[]): Promise<boolean> {
  const { errors, result } = await tangle(root)
  if (errors.some(({ message }) => message.includes('some with CR'))) return false
  if (!result) throw new Error(`refused: ${errors.map(format).join('\n')}`)
  same(generatedOf(root), expected(definitions), 'tangled')
  return true
}

/** Chapters that somebody's cat walked over: an error, or a book; never a trace, and with an error all stays. */
async function breakChapters(root: string, random: Random): Promise<boolean> {
  const path = random.pick(Object.keys(filesOf(root, 'journey')))
  const bytes = readFileSync(join(root, path))
  const junk = Buffer.from(random.pick([...mad, ...anyCode, ...prose, '\n', '{', '\xff', 'ä']), random.pick(['utf8', 'latin1']))
  const at = random.below(bytes.length + 1)
  writeFileSync(join(root, path), Buffer.concat([bytes.subarray(0, at), junk, bytes.subarray(at + random.below(4))]))
  const before = filesOf(root, 'generated')
  const { errors, result } = await tangle(root)
  errors.map(format)
  if (!result) same(filesOf(root, 'generated'), before, 'after a refusal')
  return false
}

/** Edits some files; what each is to hold. */
function makeEdits(root: string, random: Random): Files {
  const before = generatedOf(root)
  const wanted: Files = {}
  for (const [path, code] of Object.entries(before)) {
    if (random.chance(0.4)) continue
    wanted[path] = editedBy(code, random)
    const map = readFileSync(join(root, 'generated', path), 'utf8').slice(code.length)
    writeFileSync(join(root, 'generated', path), wanted[path] + (random.chance(0.2) ? '' : map))
  }
  return { ...before, ...wanted }
}

function editedBy(code: string, random: Random): string {
  const lines = code === '' ? [] : code.slice(0, -1).split('\n')
  const words = random.chance(0.2) ? mad : ['f(2)', '  more()', '    most()', 'e(3)', '', '\tu()']
  for (let n = 1 + random.below(3); n > 0; n--) {
    const at = random.below(lines.length + 1)
    const kind = random.below(5)
    if (kind < 2) lines.splice(at, 0, random.pick(['', '  ', '    ']) + random.pick(words))
    else if (kind === 2) lines.splice(at, random.below(3))
    else if (kind === 3 && at < lines.length) lines[at] = lines[at] + random.pick(words)
    else if (kind === 4) lines.splice(random.below(lines.length + 1), 0, ...lines.splice(at, 2))
  }
  const text = lines.map((line) => `${line}\n`).join('')
  return random.chance(0.03) ? text.slice(0, -1) : text
}

async function carryBack(root: string, wanted: Files): Promise<boolean> {
  const before = { ...filesOf(root, 'journey'), ...filesOf(root, 'generated') }
  const untangled = await untangle(root).catch((error) => {
    if (error instanceof Failure) return undefined // what is no text is refused at its place
    throw error
  })
  untangled?.errors.map(format)
  const after = { ...filesOf(root, 'journey'), ...filesOf(root, 'generated') }
  if (!untangled || untangled.errors.length > 0) {
    same(after, before, 'after a refusal')
    return false
  }
  same(generatedOf(root), wanted, 'carried')
  same(proseOf(filesOf(root, 'journey')), proseOf(before), 'the prose')
  if (untangled.carried.length === 0) return false
  const again = await tangle(root)
  if (again.result?.written.length !== 0) throw new Error(`not at rest: ${again.errors.map(format)} ${again.result?.written}`)
  return true
}

/** The lines of chapters that are not the bodies of fences, with their ends. */
function proseOf(chapters: Files): Files {
  const all = Object.entries(chapters).filter(([path]) => path.endsWith('.md')).map(([path, text]) => {
    let close: string | undefined
    const kept = text.split(/(?<=\r\n|\n|\r(?!\n))/).filter((line) => {
      const bare = line.replace(/[\r\n]+$/, '')
      if (close !== undefined) {
        if (bare !== close) return false
        close = undefined
        return true
      }
      const [, first, mark] = /^\uFEFF?([\s>\d.-]*)(`{3,}|~{3,}).*\{.*\}$/.exec(bare) ?? []
      if (mark !== undefined) close = first.replace(/[^>\s]/g, ' ') + mark
      return true
    })
    return [path, kept.join('')]
  })
  return Object.fromEntries(all)
}

function writeAll(root: string, files: Files): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
}

/** All files below a folder of the root, hidden ones left out. */
function filesOf(root: string, folder: string): Files {
  const all = readdirSync(join(root, folder), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1)).filter((path) => !path.includes('/.')).sort()
  return Object.fromEntries(all.map((path) => [path, readFileSync(join(root, path), 'latin1')]))
}

/** The code of the tangled files. */
const generatedOf = (root: string): Files => Object.fromEntries(Object.keys(filesOf(root, 'generated')).map((path) => {
  const name = path.replace('generated/', '')
  return [name, codeOf(name, readFileSync(join(root, path), 'utf8'))]
}))

function same(is: Files, wanted: Files, what: string): void {
  const names = (files: Files) => Object.keys(files).sort().join(' ')
  if (names(is) !== names(wanted)) throw new Error(`${what}: ${names(is)} for ${names(wanted)}`)
  for (const [path, text] of Object.entries(wanted)) {
    if (is[path] !== text) throw new Error(`${what}: ${path} holds ${JSON.stringify(is[path])} for ${JSON.stringify(text)}`)
  }
}

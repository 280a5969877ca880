/**
 * What a module says of itself: which names it exports, and which it has from
 * elsewhere. The compiler knows the latter: given an import of every word of
 * the text, it keeps those that the module needs when it runs.
 */
import { join } from 'node:path'
import { readIfThere, writeWhole } from './files.ts'
import { hash } from './hash.ts'
import { scan } from './scan.ts'

export interface Module {
  /** What it exports: types, and what is there when it runs; classes are both. */
  types: string[]
  values: string[]
  /** Names that it needs when it runs, and neither makes nor imports: of the book, and of the language. */
  runs: string[]
  /** Names behind `typeof` that it needs only where the compiler looks. */
  asked: string[]
  /** By name, in which line (0-based) it first stands in code: those of `runs`, and those that may be types of others. */
  mentions: Record<string, number>
  imports: Written[]
}

/** An import that the text has, of plain names of another module of the book. */
export interface Written { names: string[], from: string, line: number, type: boolean }

/** To be raised when Module changes its form. */
const version = 8

/** What the modules say that have these texts; from the cache under `root` where it has them. */
export async function modulesSaid(root: string, texts: string[]): Promise<Module[]> {
  const path = join(root, '.cache', 'modules.json')
  const known = load(path)
  const keys = texts.map((text) => hash(`${version} ${text}`))
  const all = await Promise.all(texts.map((text, i) => known.get(keys[i]) ?? read(text)))
  if (keys.some((key) => !known.has(key))) {
    writeWhole(path, JSON.stringify(Object.fromEntries(keys.map((key, i) => [key, all[i]]))))
  }
  return all
}

function load(path: string): Map<string, Module> {
  try {
    return new Map(Object.entries(JSON.parse(readIfThere(path) ?? '{}')))
  } catch {
    return new Map() // it is made anew
  }
}

async function read(text: string): Promise<Module> {
  const words = wordsOf(withoutImports(text).split('\n'))
  const made = new Set([...words.filter(isMade).map(({ name }) => name), ...takenApart(text).filter((name) => !isCapital(name)), ...inRows(text, '(?:export )?')])
  const own = new Set([...made, ...importedNames(text)])
  const runs = await neededToRun(text, new Set(words.map(({ name }) => name)))
  const needed = new Set(runs)
  const mentions: Record<string, number> = {}
  for (const word of words) {
    if (needed.has(word.name) || (mayBeType(word) && !own.has(word.name))) mentions[word.name] ??= word.line
  }
  const asked = words.filter(({ before, name }) => before === 'typeof' && isCapital(name) && name in mentions && !needed.has(name))
  return { ...exportsOf(text, made), runs, asked: asked.map(({ name }) => name), mentions, imports: importsIn(text) }
}

/** A word, its line, and the tokens beside it. */
interface Word { name: string, line: number, before: string, after: string }

const makes = new Set(['class', 'interface', 'type', 'enum', 'const', 'let', 'function'])

const isCapital = (name: string): boolean => /^[A-Z]/.test(name)

/** Behind a colon stands a type; before one, something that has it. */
const isBeforeColon = ({ after }: Word): boolean => /^\??:$/.test(after)

const isMade = (word: Word): boolean => makes.has(word.before)
  || (!isCapital(word.name) && isBeforeColon(word) && /^[(,]$/.test(word.before))

/** A class taken from elsewhere in time, `({ Dog }) => use(Dog)` or `new Dog`, is no type of the module. */
const isValue = ({ before, after }: Word): boolean =>
  /^(?:\{|new|instanceof)$/.test(before) || (before === '(' && /^[,)]$/.test(after))

/** A type's name begins with a capital, or stands where types do. */
const mayBeType = (word: Word): boolean =>
  (isCapital(word.name) ? !isValue(word) : /^(?:[:<|,]|as)$/.test(word.before)) && !isBeforeColon(word)

/** The names in `const { a, b } = c`. */
const takenApart = (text: string): string[] =>
  [...text.matchAll(/\b(?:const|let) [{[]([^}\]]*)[}\]]/g)].flatMap(([, list]) => namesIn(list))

/** The names in `const A = 1, B = 2`, of which the tokens show the first. */
const inRows = (text: string, before: string): string[] =>
  [...text.matchAll(new RegExp(`^${before}const (\\w+ = [^,(){}[\\]\n]+(?:, \\w+ = [^,(){}[\\]\n]+)+)$`, 'gm'))]
    .flatMap(([, row]) => row.split(', ').map((one) => one.split(' ')[0]))

/** The words of code that are no names of members, which stand after a dot. */
function wordsOf(lines: string[]): Word[] {
  const all = scan(lines).flatMap(({ tokens }, line) => tokens.filter(({ kind }) => kind !== 'comment')
    .map(({ kind, start, end }) => ({ kind, line, text: lines[line].slice(start, end) })))
  const textAt = (i: number) => all[i]?.text ?? ''
  return all.flatMap(({ kind, line, text: name }, i) => {
    const before = textAt(i - 1)
    const after = textAt(i + 1) === '?' ? `?${textAt(i + 2)}` : textAt(i + 1)
    return kind !== 'word' || /^\??\.$/.test(before) ? [] : [{ name, line, before, after }]
  })
}

/** Words that cannot be imported. */
const reserved = new Set(`arguments await break case catch class const continue debugger default delete do else enum
  eval export extends false finally for function if implements import in instanceof interface let new null package
  private protected public return static super switch this throw true try typeof var void while with yield`.split(/\s+/))

const isName = (word: string): boolean => /^[A-Za-z_$][\w$]*$/.test(word) && !reserved.has(word)

/** None where the text does not parse, which others report. */
async function neededToRun(text: string, words: Set<string>): Promise<string[]> {
  const { transform } = await import('esbuild')
  const names = [...words].filter(isName)
  try {
    const { code } = await transform(`import { ${names.join(', ')} } from 'elsewhere'\n${text}`, { loader: 'ts', logLevel: 'silent' })
    const [, kept] = /^import \{([^}]*)\} from "elsewhere"/m.exec(code) ?? []
    return (kept ?? '').split(',').map((name) => name.trim().replace(/ as .*/, '')).filter((name) => name !== '')
  } catch {
    return []
  }
}

const written = /^(?:import|export)\s+(?:type\s+)?(?:[\w$]+|\*(?:\s+as\s+[\w$]+)?|\{([^}]*)\})\s+from\b.*$/gm

/** The same lines, empty where they import or hand on. */
const withoutImports = (text: string): string => text.replace(written, (all) => all.replace(/.+/g, ''))

/** What the text imports itself, by the names that it has here. */
const importedNames = (text: string): string[] =>
  [...text.matchAll(written)].flatMap(([, list]) => namesIn(list ?? ''))

function importsIn(text: string): Written[] {
  const scanned = scan(text.split('\n'))
  return [...text.matchAll(/^import (type )?\{([^}]*)\} from '(\.[^']*)'/gm)].flatMap(({ 1: type, 2: list, 3: from, index }) => {
    const names = list.split(',').map((name) => name.trim().replace(/^type /, '')).filter((name) => name !== '')
    const line = text.slice(0, index).split('\n').length - 1
    if (names.some((name) => !isName(name)) || scanned[line].inside !== 'code') return []
    return [{ names, from, line, type: type !== undefined }]
  })
}

/** The names in a list such as `a, type B, c as d`: a, B and d. */
const namesIn = (list: string): string[] =>
  list.split(',').flatMap((entry) => /([\w$]+)\s*$/.exec(entry)?.[1] ?? [])

/** What the text makes and exports; what it only hands on is another module's. */
function exportsOf(text: string, own: Set<string>): { types: string[], values: string[] } {
  const [types, values] = [new Set<string>(), new Set<string>()]
  const single = /^export (?:declare |abstract |async )*(type|interface|const|let|class|enum|function)\b\*?\s*([\w$]+)/gm
  for (const [, kind, name] of text.matchAll(single)) {
    if (!/^(?:type|interface)$/.test(kind)) values.add(name)
    if (/^(?:type|interface|class|enum)$/.test(kind)) types.add(name)
  }
  for (const [apart] of text.matchAll(/^export (?:const|let) [{[][^}\]]*[}\]]/gm)) takenApart(apart).forEach((name) => values.add(name))
  for (const name of inRows(text, 'export ')) values.add(name)
  for (const [, type, list] of text.matchAll(/^export (type )?\{([^}]*)\}(?!\s*from)/gm)) {
    for (const name of namesIn(list)) if (own.has(name)) (type ? types : values).add(name)
  }
  return { types: [...types], values: [...values] }
}

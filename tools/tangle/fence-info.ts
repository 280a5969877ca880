/**
 * The line that opens a fence: ```` ```ts {#name .append} ````.
 *
 * What is not understood is an error, never silently text.
 */
import { figureKinds } from './figure-kinds.ts'
import { at, type Diagnostics, type Place } from './diagnostics.ts'
import { nearest, slug } from './names.ts'

export interface FenceInfo {
  lang: string
  /** A root: the file it tangles into, relative to generated/. */
  file?: string
  /** A chunk: its slug. */
  id?: string
  classes: Set<string>
  /** What a .demo says about its run: show=counts, ends=death. */
  options: Map<string, string>
}

/** Every class a fence may carry. */
const known = ['append', 'demo', 'hidden', 'ignore', 'generator']

/** What a .demo may say of its run, and in which words; any, where there is no list. */
const options: Record<string, string[] | undefined> = {
  show: ['counts', 'trace', ...figureKinds], ends: ['prompt', 'halt', 'death'], says: undefined, beside: undefined,
}

/** Reads the opening line of a fence that stands at `place`. */
export function readInfo(opening: string, place: Place, out: Diagnostics): FenceInfo {
  const [, marks, lang, rest] = /^(`{3,}|~{3,})\s*([^\s{]*)(.*)$/s.exec(opening)!
  const info: FenceInfo = { lang, classes: new Set(), options: new Map() }
  const attributes = rest.trim()
  if (!attributes) return info
  const start = at(place.file, place.line, place.column + opening.indexOf(rest, marks.length))
  if (!lang) out.error(start, 'a fence with attributes needs a language', 'write ```ts {…}')
  else if (!/^\s/.test(rest)) out.error(start, `no space after '${lang}'`, `write ${lang} {…}`)
  readBraces(attributes, { ...start, column: start.column + rest.search(/\S/) }, info, out)
  return info
}

function readBraces(text: string, place: Place, info: FenceInfo, out: Diagnostics): void {
  const braces = /^\{(.*)\}$/.exec(text)
  if (!braces) {
    out.error(place, `attributes not understood: ${text}`,
      'write them in one pair of braces: {file=…}, {#name}, {#name .append}')
    return
  }
  for (const item of braces[1].matchAll(/[^\s"]*"[^"]*"|\S+/g)) {
    const column = place.column + 1 + item.index
    readAttribute(item[0], { ...place, column }, info, out)
  }
  checkTogether(info, place, out)
}

function readAttribute(item: string, place: Place, info: FenceInfo, out: Diagnostics): void {
  if (item.startsWith('.')) readClass(item.slice(1), place, info, out)
  else if (item.startsWith('#')) readId(item.slice(1), place, info, out)
  else if (item.startsWith('file=')) readFile(item.slice(5), place, info, out)
  else if (item.slice(0, item.indexOf('=')) in options) readOption(item, place, info, out)
  else out.error(place, `unknown attribute '${item}'`, hintFor(item))
}

/** A second of what there can be one of would silently win over the first, or lose. */
function refuseSecond(what: string, place: Place, out: Diagnostics): void {
  out.error(place, `a second ${what}`, 'a fence has one: write another fence for the other')
}

/** What may have been meant by an attribute that there is not. */
function hintFor(item: string): string {
  if (known.includes(item)) return `classes start with a dot: .${item}`
  const [, key, value] = /^([^=]*)=(.*)$/.exec(item) ?? []
  if (key !== undefined && nearest(key, ['file'])) return `did you mean file=${value}?`
  return 'known are file=PATH, #name and .class'
}

function readClass(name: string, place: Place, info: FenceInfo, out: Diagnostics): void {
  if (info.classes.has(name)) out.error(place, `.${name} twice`, 'once is enough')
  info.classes.add(name)
  if (known.includes(name)) return
  const near = nearest(name, known)
  out.error(place, `unknown class '.${name}'`, near
    ? `did you mean .${near}?` : `known are ${known.map((k) => '.' + k).join(' ')}`)
}

function readId(name: string, place: Place, info: FenceInfo, out: Diagnostics): void {
  if (info.id !== undefined) return refuseSecond('name', place, out)
  info.id = slug(name) || undefined
  if (!info.id) out.error(place, 'a chunk without a name', 'write {#name}')
  else if (info.id !== name.normalize('NFC')) out.error(place, `'#${name}' is no slug`, `write #${info.id}`)
}

function readOption(item: string, place: Place, info: FenceInfo, out: Diagnostics): void {
  const [, key, value] = /^(\w+)="?(.*?)"?$/.exec(item)!
  const words = options[key]
  if (info.options.has(key)) return refuseSecond(key, place, out)
  info.options.set(key, value)
  if (words && !words.includes(value)) {
    out.error(place, `unknown ${key}=${value}`, `known are ${words.map((word) => `${key}=${word}`).join(' ')}`)
  }
}

function readFile(path: string, place: Place, info: FenceInfo, out: Diagnostics): void {
  if (info.file !== undefined) return refuseSecond('file', place, out)
  info.file = path.replace(/^"(.*)"$/, '$1')
  const wrong = whatIsWrongWith(info.file)
  if (wrong) out.error(place, `file '${info.file}' ${wrong[0]}`, wrong[1])
}

/** Bytes of a file's name that every file system takes. */
const longest = 200

/** A root may only name a file inside generated/, by its one plain name. */
export function whatIsWrongWith(file: string): [string, string] | undefined {
  const steps = file.split('/')
  if (/^[/\\]|^[A-Za-z]:/.test(file)) return ['is absolute', 'paths are relative to generated/']
  if (steps.includes('..')) return ['leaves generated/', 'paths stay inside generated/']
  if (file.includes('\\') || steps.some((step) => step === '' || step === '.')) {
    return ['is no plain path', 'write folder/name.ts with single forward slashes']
  }
  if (steps[0].startsWith('.')) return ['is hidden', 'such names are kept for the tools']
  if (/[\p{Cc}*?"<>|:]/u.test(file)) return ['has a character that some systems refuse', 'use letters, digits, - and _']
  if (steps.some((step) => Buffer.byteLength(step) > longest)) return ['has too long a name', `at most ${longest} bytes`]
  if (!/.\.[A-Za-z0-9]+$/.test(file)) return ['has no extension', 'add one, such as .ts']
  return undefined
}

function checkTogether(info: FenceInfo, place: Place, out: Diagnostics): void {
  const named = info.file !== undefined || info.id !== undefined
  if (info.file !== undefined && info.id !== undefined) {
    out.error(place, 'a fence is a root or a chunk, not both', 'refer to the chunk from the root')
  }
  if (!named && info.classes.has('append')) {
    out.error(place, '.append to what?', 'write {#name .append} or {file=… .append}')
  }
  if (info.options.size > 0 && !info.classes.has('demo')) {
    out.error(place, `only a .demo says ${[...info.options.keys()].join(' and ')}`, 'write {.demo show=counts}')
  }
  if (info.classes.has('generator') && info.file === undefined) {
    out.error(place, 'only a root can be a .generator', 'write {file=… .generator}')
  }
}

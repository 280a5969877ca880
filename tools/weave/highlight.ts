/**
 * Code to coloured HTML, line by line, in a light and a dark theme at once.
 *
 * Shiki takes seconds for a whole book, so it colours in a thread of its own, and
 * lines are cached on disk by language and code; a block that nobody changed
 * is never coloured again. A pair of colours becomes a class, so that the page
 * stays small and the style sheet alone decides which of the two themes is seen.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'

/** What the thread can read. */
export const languages = ['ts', 'js', 'json', 'sh', 'html', 'css', 'asm', 'c', 'diff', 'wasm']
/** Other names that fences use. */
const aliases: Record<string, string> = { wat: 'wasm' }
const version = 5
/** Blocks that are remembered: a few times as many as the book has. */
const most = 12_000

/** Colours code; remembers what it coloured in the file given. */
export class Colourist {
  private readonly file: string
  private readonly known = new Map<string, string[]>()
  private readonly noted = new Set<string>()
  private readonly pairs = new Set<string>()
  /** What the thread was asked for and has not yet answered. */
  private readonly asked = new Map<string, Promise<string[]>>()
  private changed = false

  constructor(file: string) {
    this.file = file
    if (!existsSync(file)) return
    const stored = JSON.parse(readFileSync(file, 'utf8')) as [string, string[]][]
    for (const [key, lines] of stored) this.known.set(key, lines)
  }

  /** One string of HTML for each line of `code`. */
  async lines(code: string, name: string): Promise<string[]> {
    const lang = aliases[name] ?? name
    if (!languages.includes(lang)) return code.split('\n').map(escape)
    const key = createHash('sha1').update(`${version}\0${lang}\0${code}`).digest('base64')
    const known = this.known.get(key)
    if (known) return this.meet(key, known)
    if (!this.asked.has(key)) this.asked.set(key, coloured(code, lang))
    const lines = await this.asked.get(key)!
    this.asked.delete(key)
    this.known.set(key, lines)
    this.changed = true
    return this.meet(key, lines)
  }

  /** Asks for blocks that will be wanted, in the order in which they will. */
  expect(blocks: Iterable<{ fence: { body: string[] }, info: { lang: string } }>): void {
    for (const { fence, info } of blocks) this.lines(fence.body.join('\n'), info.lang).catch(() => {}) // said to whom wants it
  }

  /** Writes the cache; of what no longer stands in the book, the oldest goes. */
  save(): void {
    if (!this.changed) return
    const stored = [...this.known].slice(-most)
    mkdirSync(dirname(this.file), { recursive: true })
    writeFileSync(this.file, JSON.stringify(stored))
    this.changed = false
  }

  /** The rules for every pair of colours in use, for the style sheet. */
  styles(): string {
    return [...this.pairs].sort().map((name) => {
      const [light, dark] = name.slice(1).split('-')
      return `.${name}{color:light-dark(#${light},#${dark})}\n`
    }).join('')
  }

  /** Notes the pairs of colours of a block that this weave meets for the first time. */
  private meet(key: string, lines: string[]): string[] {
    this.noteColours(lines.join(''), key)
    return lines
  }

  /** Notes the colours in HTML that was made before, once for each key. */
  noteColours(html: string, key: string): void {
    if (this.noted.has(key)) return
    this.noted.add(key)
    for (const [, name] of html.matchAll(/class="(k[0-9a-f]+-[0-9a-f]+)"/g)) this.pairs.add(name)
  }
}

const run = fileURLToPath(new URL('../../bin/run.mjs', import.meta.url))
const program = fileURLToPath(new URL('./colour-thread.ts', import.meta.url))
let thread: Worker | undefined
/** Who waits for the thread's answers, which come in the order of the questions. */
const waiting: { resolve(lines: string[]): void, reject(error: Error): void }[] = []

/** Starts the thread, if it is not there; idle, it keeps no process alive. */
export function startColouring(): Worker {
  if (thread) return thread
  const started = thread = new Worker(run, { argv: [program] })
  /** It has ended, or is about to: whoever waits is told why, once. */
  const fail = (why: Error) => {
    if (thread !== started) return
    thread = undefined
    for (const { reject } of waiting.splice(0)) reject(why)
  }
  started.unref()
  return started
    .on('message', (lines: string[]) => {
      waiting.shift()!.resolve(lines)
      if (waiting.length === 0) started.unref()
    })
    .on('error', fail)
    .on('exit', () => fail(new Error('the thread that colours code ended')))
}

/** Has the thread colour a block. */
function coloured(code: string, lang: string): Promise<string[]> {
  const colouring = startColouring()
  colouring.ref()
  colouring.postMessage([code, lang])
  return new Promise((resolve, reject) => waiting.push({ resolve, reject }))
}

/** A line's own depth, for the style sheet. */
export function depthOf(html: string): string {
  const depth = /^ */.exec(html)![0].length
  return depth ? ` style="--d:${depth}"` : ''
}

/** Text as HTML. */
export function escape(text: string): string {
  return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`)
}

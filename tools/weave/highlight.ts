/**
 * Code to coloured HTML, line by line, in a light and a dark theme at once.
 *
 * Shiki takes seconds for a whole book, so lines are cached on disk by
 * language and code; a block that nobody changed is never coloured again.
 * A pair of colours becomes a class, so that the page stays small and the
 * style sheet alone decides which of the two themes is seen. Colours too pale
 * for the ground they stand on are mended.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Highlighter } from 'shiki'
import { colourAssembly, withoutAssembly } from './assembly.ts'
import { readable } from './contrast.ts'

const themes = { light: 'github-light', dark: 'github-dark' } as const
const languages = ['ts', 'js', 'json', 'sh', 'html', 'css', 'asm', 'c', 'diff', 'wasm']
/** Other names that fences use. */
const aliases: Record<string, string> = { wat: 'wasm' }
/** The ground that code stands on: --wash in the style sheet. */
const grounds = { light: '#f5f2ea', dark: '#211f1c' } as const
const version = 3
/** Blocks that are remembered: a few times as many as the book has. */
const most = 12_000

/** Colours code; remembers what it coloured in the file given. */
export class Colourist {
  private readonly file: string
  private readonly known = new Map<string, string[]>()
  private readonly noted = new Set<string>()
  private readonly pairs = new Set<string>()
  private shiki?: Highlighter
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
    const lines = await this.colour(code, lang)
    this.known.set(key, lines)
    this.changed = true
    return this.meet(key, lines)
  }

  private async colour(code: string, lang: string): Promise<string[]> {
    if (!this.shiki) {
      const { createHighlighter } = await import('shiki')
      this.shiki = await createHighlighter({ themes: Object.values(themes), langs: languages })
    }
    const { code: plain, isAssembly } = lang === 'ts' ? withoutAssembly(code) : { code, isAssembly: () => false }
    const tokens = this.shiki.codeToTokensWithThemes(plain, { lang, themes } as never).map((line) =>
      line.map(({ content, variants }) => ({ content, light: variants.light.color, dark: variants.dark.color })))
    return colourAssembly(code, isAssembly, tokens).map((line) =>
      line.map(({ content, light, dark }) => span(content, light, dark)).join(''))
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

function span(text: string, light?: string, dark?: string): string {
  if (!light || !dark || text.trim() === '') return escape(text)
  const name = readable(light, grounds.light).slice(1) + '-' + readable(dark, grounds.dark).slice(1)
  return `<span class="k${name}">${escape(text)}</span>`
}

/** Text as HTML. */
export function escape(text: string): string {
  return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`)
}

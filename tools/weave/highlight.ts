/**
 * Code to coloured HTML, line by line, in a light and a dark theme at once.
 *
 * Shiki takes seconds for a whole book, so lines are cached on disk by
 * language and code; a block that nobody changed is never coloured again.
 * Both themes have the same rules, so code is read once, by a theme whose
 * colours are the numbers of those rules. A pair of colours becomes a class,
 * so that the page stays small and the
 * style sheet alone decides which of the two themes is seen. Colours too pale
 * for the ground they stand on are mended.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Highlighter, ThemeRegistrationRaw } from 'shiki'
import { colourAssembly, withoutAssembly, type Token } from './assembly.ts'
import { readable } from './contrast.ts'

const languages = ['ts', 'js', 'json', 'sh', 'html', 'css', 'asm', 'c', 'diff', 'wasm']
/** Other names that fences use. */
const aliases: Record<string, string> = { wat: 'wasm' }
/** The ground that code stands on: --wash in the style sheet. */
const grounds = { light: '#f5f2ea', dark: '#211f1c' } as const
const version = 5
/** Blocks that are remembered: a few times as many as the book has. */
const most = 12_000

/** Colours code; remembers what it coloured in the file given. */
export class Colourist {
  private readonly file: string
  private readonly known = new Map<string, string[]>()
  private readonly noted = new Set<string>()
  private readonly pairs = new Set<string>()
  private reader?: Promise<Reader>
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
    const { shiki, pairs } = await (this.reader ??= readerOfBoth())
    const { code: plain, isAssembly } = lang === 'ts' ? withoutAssembly(code) : { code, isAssembly: () => false }
    const tokens = shiki.codeToTokensBase(plain, { lang, theme: 'both' } as never).map((line) =>
      line.map(({ content, color = '' }) => ({ content, ...pairs[parseInt(color.slice(1), 16)] })))
    return colourAssembly(code, isAssembly, tokens).map(lineOf)
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

interface Reader { shiki: Highlighter, pairs: Omit<Token, 'content'>[] }

/** Reads code by a theme in which rule n has colour n, and all that no rule colours has the first. */
async function readerOfBoth(): Promise<Reader> {
  const [{ createHighlighter }, light, dark] = await Promise.all([
    import('shiki'), import('shiki/themes/github-light.mjs'), import('shiki/themes/github-dark.mjs')])
  const both = [light, dark].map(({ default: theme }) => theme as ThemeRegistrationRaw)
  const [rules, others] = both.map(({ tokenColors }) => tokenColors!)
  if (JSON.stringify(rules.map(({ scope }) => scope)) !== JSON.stringify(others.map(({ scope }) => scope))) {
    throw new Error('the two themes have different rules: no one reading serves both')
  }
  const pairs = rules.map(({ settings }, i) => ({ light: settings.foreground, dark: others[i].settings.foreground }))
  const plain = both.map(({ colors }) => colors!['editor.foreground'])
  pairs.unshift({ light: plain[0], dark: plain[1] })
  const colour = (n: number) => `#${n.toString(16).padStart(6, '0')}`
  const theme: ThemeRegistrationRaw = { name: 'both', type: 'light', fg: colour(0), bg: '#ffffff', settings: [
    { settings: { foreground: colour(0), background: '#ffffff' } },
    ...rules.map(({ scope, settings }, i) => ({ scope, settings: settings.foreground ? { foreground: colour(i + 1) } : {} })),
  ] }
  return { shiki: await createHighlighter({ themes: [theme], langs: languages }), pairs }
}

const names = new Map<string, string>()

/** The class of a pair of colours, made readable once. */
function pairName(light: string, dark: string): string {
  const key = light + dark
  const known = names.get(key)
  if (known) return known
  const name = readable(light, grounds.light).slice(1) + '-' + readable(dark, grounds.dark).slice(1)
  names.set(key, name)
  return name
}

/** A line: what stands together in one pair of colours is one element, and its indentation in none. */
function lineOf(tokens: Token[]): string {
  const parts: [name: string, text: string][] = [['', '']]
  for (const { content, light, dark } of tokens) {
    const last = parts.at(-1)!
    const text = parts.length > 1 ? content : content.trimStart()
    if (parts.length === 1) last[1] += content.slice(0, content.length - text.length)
    if (text === '') continue
    const name = text.trim() === '' || !light || !dark ? last[0] : pairName(light, dark)
    if (name === last[0]) last[1] += text
    else parts.push([name, text])
  }
  return parts.map(([name, text]) => (name ? `<span class="k${name}">${escape(text)}</span>` : escape(text))).join('')
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

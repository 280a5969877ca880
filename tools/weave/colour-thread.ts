/**
 * Colours code, block after block as it is asked to: a thread of its own, so that
 * the weaver can make pages meanwhile.
 *
 * Both themes have the same rules, so code is read once, by a theme in which rule n
 * has colour n. Colours too pale for the ground they stand on are mended.
 */
import { parentPort } from 'node:worker_threads'
import { createHighlighter, type ThemeRegistrationRaw } from 'shiki'
import darkTheme from 'shiki/themes/github-dark.mjs'
import lightTheme from 'shiki/themes/github-light.mjs'
import { colourAssembly, withoutAssembly, type Token } from './assembly.ts'
import { readable } from './contrast.ts'
import { escape, languages } from './highlight.ts'

/** The ground that code stands on: --wash in the style sheet. */
const grounds = { light: '#f5f2ea', dark: '#211f1c' } as const

const [light, dark] = [lightTheme, darkTheme] as ThemeRegistrationRaw[]
const [rules, others] = [light.tokenColors!, dark.tokenColors!]
if (JSON.stringify(rules.map(({ scope }) => scope)) !== JSON.stringify(others.map(({ scope }) => scope))) {
  throw new Error('the two themes have different rules: no one reading serves both')
}

/** What no rule colours, then what each does. */
const pairs: Omit<Token, 'content'>[] = [
  { light: light.colors!['editor.foreground'], dark: dark.colors!['editor.foreground'] },
  ...rules.map(({ settings }, i) => ({ light: settings.foreground, dark: others[i].settings.foreground })),
]

const numbered = (n: number) => `#${n.toString(16).padStart(6, '0')}`
const both: ThemeRegistrationRaw = { name: 'both', type: 'light', fg: numbered(0), bg: '#ffffff', settings: [
  { settings: { foreground: numbered(0), background: '#ffffff' } },
  ...rules.map(({ scope, settings }, i) => ({ scope, settings: settings.foreground ? { foreground: numbered(i + 1) } : {} })),
] }
const shiki = await createHighlighter({ themes: [both], langs: languages })

/** One string of HTML for each line. */
function coloured(code: string, lang: string): string[] {
  const { code: plain, isAssembly } = lang === 'ts' ? withoutAssembly(code) : { code, isAssembly: () => false }
  const tokens = shiki.codeToTokensBase(plain, { lang, theme: 'both' } as never).map((line) =>
    line.map(({ content, color = '' }) => ({ content, ...pairs[parseInt(color.slice(1), 16)] })))
  return colourAssembly(code, isAssembly, tokens).map(lineOf)
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

parentPort!.on('message', ([code, lang]: [string, string]) => parentPort!.postMessage(coloured(code, lang)))

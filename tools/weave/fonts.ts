/**
 * The site's type: from npm's font packages, cut down to the characters that
 * a book in English with its drawings needs, and kept from weave to weave.
 *
 * Text is set in Source Serif, what frames it in Source Sans, code in Source
 * Code; the lines and blocks of drawings, which Source Code lacks in that
 * packaging, come from Fira Mono, which is exactly as wide.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

interface Face { family: string, package: string, subset: string, weight: number, italic?: boolean }

const faces: Face[] = [
  { family: 'Source Serif', package: 'source-serif-4', subset: 'latin', weight: 400 },
  { family: 'Source Serif', package: 'source-serif-4', subset: 'latin', weight: 400, italic: true },
  { family: 'Source Serif', package: 'source-serif-4', subset: 'latin', weight: 600 },
  { family: 'Source Sans', package: 'source-sans-3', subset: 'latin', weight: 400 },
  { family: 'Source Sans', package: 'source-sans-3', subset: 'latin', weight: 600 },
  { family: 'Source Code', package: 'source-code-pro', subset: 'latin', weight: 400 },
  { family: 'Source Code', package: 'source-code-pro', subset: 'latin', weight: 600 },
  { family: 'Source Code', package: 'fira-mono', subset: 'symbols2', weight: 400 },
]

const ascii = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('')
/** What a subset's file is asked for; it keeps what of that it has. */
const characters: Record<string, string> = {
  latin: ascii + '\u00a0‘’“”–—…×µ·§°±½é←↑→↓≠≤≥−⟨⟩',
  symbols2: Array.from({ length: 0xa0 }, (_, i) => String.fromCharCode(0x2500 + i)).join(''),
}
/** Where a browser looks for a character in the file of that subset. */
const ranges: Record<string, string> = { symbols2: 'unicode-range:U+2500-259F;' }

const require = createRequire(import.meta.url)

/** A font as it is served: its file's name, its bytes, and the rule that brings it in. */
export interface Font { name: string, bytes: Buffer, rule: string }

/** All fonts of the site; made once, then found again in `cache`. */
export async function fonts(cache: string): Promise<Font[]> {
  const made: Font[] = []
  for (const face of faces) made.push(await font(face, cache))
  return made
}

async function font(face: Face, cache: string): Promise<Font> {
  const style = face.italic ? 'italic' : 'normal'
  const source = `@fontsource/${face.package}/files/${face.package}-${face.subset}-${face.weight}-${style}.woff2`
  const original = readFileSync(require.resolve(source))
  const key = createHash('sha1').update(original).update(characters[face.subset]).digest('hex').slice(0, 10)
  const name = `${face.package}-${face.weight}${face.italic ? '-italic' : ''}-${key}.woff2`
  const kept = join(cache, name)
  if (!existsSync(kept)) {
    const { default: subset } = await import('subset-font')
    mkdirSync(cache, { recursive: true })
    writeFileSync(kept, await subset(original, characters[face.subset], { targetFormat: 'woff2' }))
  }
  return { name, bytes: readFileSync(kept), rule: ruleOf(face, name) }
}

function ruleOf({ family, subset, weight, italic }: Face, name: string): string {
  return `@font-face{font-family:"${family}";font-weight:${weight};font-style:${italic ? 'italic' : 'normal'};`
    + `font-display:swap;${ranges[subset] ?? ''}src:url(fonts/${name}) format("woff2")}\n`
}

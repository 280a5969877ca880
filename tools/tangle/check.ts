/** What `check` looks at beyond tangling: types, pictures, and the width of fences. */
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ParsedChapter } from './book.ts'
import { draw, isPicture } from '../weave/pictures/draw.ts'
import { PictureError } from '../weave/pictures/picture.ts'
import { at, counted, format, type Diagnostics } from './diagnostics.ts'
import { Missing } from './door.ts'
import { Remapper } from './remap.ts'
import type { Texts } from './tangle.ts'

/** Columns a line in a fence may have, so that it fits a page. */
const widest = 80

/** Reports each line of a fence that is wider than a page of the book. */
export function checkWidths(chapters: ParsedChapter[], out: Diagnostics): void {
  for (const { path, fences } of chapters) {
    for (const { line, body, columns } of fences) {
      body.forEach((text, i) => {
        const width = [...text].length
        if (width <= widest) return
        const [wide] = new RegExp(`^[^]{${widest}}`, 'u').exec(text)!
        out.error(at(path, line + 1 + i, (columns?.[i] ?? 1) + wide.length),
          `this line has ${width} columns`, `lines in fences stay within ${widest}: break it`)
      })
    }
  }
}

/** Draws every picture; what cannot be drawn is an error at its line. */
export function checkPictures(chapters: ParsedChapter[], out: Diagnostics): void {
  for (const { path, fences } of chapters) {
    for (const { opening, body, line, column } of fences) {
      const lang = /^[`~]+\s*(\S*)/.exec(opening)![1]
      try {
        if (isPicture(lang)) draw(lang, body.join('\n'))
      } catch (error) {
        if (!(error instanceof PictureError)) throw error
        out.error(error.placeIn(at(path, line, column)), error.message, error.hint)
      }
    }
  }
}

export interface TypeReport {
  /** Lines to print, naming chapters instead of generated files. */
  lines: string[]
  errors: number
}

/** Runs the type checker on the whole project. */
export async function checkTypes(root: string, texts: Texts): Promise<TypeReport> {
  const output = await run(typeChecker(root), ['-p', root, '--noEmit', '--pretty', 'false'], root)
  const remapper = new Remapper(root)
  const lines = output.text.split('\n').filter((line) => line.trim() !== '')
    .map((line) => asDiagnostic(remapper.text(line), texts))
  const errors = lines.filter((line) => /\berror TS\d+/.test(line)).length
  return { lines, errors: output.status === 0 ? errors : Math.max(1, errors) }
}

/** `test/x.ts(3,4): error` in the form of all other diagnostics, and columns as people count them. */
function asDiagnostic(line: string, texts: Texts): string {
  const parts = /^([^\s():]+)(?:\((\d+),(\d+)\)|:(\d+):(\d+)): ([^]*)$/.exec(line)
  if (!parts) return line
  const [, file, l1, c1, l2, c2, message] = parts
  return format(counted([{ ...at(file, Number(l1 ?? l2), Number(c1 ?? c2)), message }], texts)[0])
}

/** The project's own compiler, or the one beside the tools. */
function typeChecker(root: string): string {
  for (const from of [pathToFileURL(join(root, 'x.js')).href, import.meta.url]) {
    try {
      return join(dirname(createRequire(from).resolve('typescript/package.json')), 'bin/tsc')
    } catch { /* look in the next place */ }
  }
  throw new Missing('typescript')
}

function run(script: string, args: string[], cwd: string): Promise<{ text: string, status: number }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...args], { cwd })
    let text = ''
    child.stdout.on('data', (bytes) => { text += bytes })
    child.stderr.on('data', (bytes) => { text += bytes })
    child.on('error', reject)
    child.on('close', (status) => resolve({ text, status: status ?? 1 }))
  })
}

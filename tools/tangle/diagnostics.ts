/**
 * What the tools say when something is wrong: one line that names the place
 * in the chapter, and a hint that says how to mend it.
 *
 * Invariant: nothing is thrown at the first error; all are collected and
 * reported at once, in reading order.
 */
import { inCharacters, linesOf } from './lines.ts'

export interface Place {
  /** Path of the chapter, relative to the book's root. */
  file: string
  /** 1-based. */
  line: number
  /** 1-based, as JavaScript counts; `counted` makes it characters, as people do. */
  column: number
}

export interface Diagnostic extends Place {
  message: string
  hint?: string
}

export const at = (file: string, line: number, column: number): Place => ({ file, line, column })

export class Diagnostics {
  readonly all: Diagnostic[] = []

  error(place: Place, message: string, hint?: string): void {
    const { file, line, column } = place
    this.all.push({ file, line, column, message, hint })
  }

  get failed(): boolean {
    return this.all.length > 0
  }

  /** Sorted by the order of chapters given, then by place, without doubles. */
  sorted(order: string[]): Diagnostic[] {
    const rank = new Map(order.map((file, i) => [file, i]))
    const of = (d: Diagnostic) => rank.get(d.file) ?? order.length
    const sorted = [...this.all].sort(
      (a, b) => of(a) - of(b) || a.line - b.line || a.column - b.column)
    return sorted.filter((d, i) => i === 0 || format(d) !== format(sorted[i - 1]))
  }
}

/** The same, with columns that count characters of the lines in `texts`, by file. */
export function counted(all: Diagnostic[], texts: Map<string, string>): Diagnostic[] {
  const lines = new Map<string, string[]>()
  return all.map((d) => {
    const text = texts.get(d.file)
    if (text === undefined || d.column === 1) return d
    if (!lines.has(d.file)) lines.set(d.file, linesOf(text.replace(/^\uFEFF/, '')))
    return { ...d, column: inCharacters(lines.get(d.file)![d.line - 1] ?? '', d.column) }
  })
}

/** `file:line:col: message`, and the hint on a line of its own. */
export function format(d: Diagnostic): string {
  const line = printable(`${d.file}:${d.line}:${d.column}: ${d.message}`)
  return d.hint ? `${line}\n    ${printable(d.hint)}` : line
}

/** A name may hold what a terminal would obey, or what would make two lines of one. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, (c) => {
    const code = c.codePointAt(0)!.toString(16)
    return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u${code}`
  })
}

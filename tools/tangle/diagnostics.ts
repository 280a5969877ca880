/**
 * What the tools say when something is wrong: one line that names the place
 * in the chapter, and a hint that says how to mend it.
 *
 * Invariant: nothing is thrown at the first error; all are collected and
 * reported at once, in reading order.
 */

export interface Place {
  /** Path of the chapter, relative to the book's root. */
  file: string
  /** 1-based. */
  line: number
  /** 1-based. */
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

/** `file:line:col: message`, and the hint on a line of its own. */
export function format(d: Diagnostic): string {
  const line = `${d.file}:${d.line}:${d.column}: ${d.message}`
  return d.hint ? `${line}\n    ${d.hint}` : line
}

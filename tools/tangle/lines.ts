/**
 * Lines as Markdown counts them: LF, CR LF and a lone CR end one. Nothing else
 * in these tools splits a text that somebody wrote.
 */

/** The lines of a text, without their ends. */
export const linesOf = (text: string): string[] => text.split(/\r\n|\n|\r/)

/** A line and what ends it: nothing at the end of the text. */
export interface Line {
  text: string
  end: string
}

/** The lines of a text with their ends: joined again they give the text. */
export function wholeLines(text: string): Line[] {
  const parts = text.split(/(\r\n|\n|\r)/)
  return Array.from({ length: (parts.length + 1) / 2 }, (_, i) => ({ text: parts[2 * i], end: parts[2 * i + 1] ?? '' }))
}

/** Columns that people count, 1-based: characters, where JavaScript counts halves of some. */
export const inCharacters = (line: string, column: number): number =>
  [...line.slice(0, column - 1)].length + Math.max(0, column - 1 - line.length) + 1

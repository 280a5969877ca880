/**
 * A picture in a chapter: a fence whose text can be read as it stands, and
 * which the weave draws.
 *
 * Its first line is its title; an empty line follows; the rest is in the small
 * language of its kind: `layout`, `bits`, `timeline` or `sketch`. The title
 * stands under the picture, and is what a screen reader calls it.
 */
import type { Place } from '../../tangle/diagnostics.ts'
import { escape } from '../highlight.ts'

/** A line of a picture: its text without what trails, its number from 0 in the fence. */
export interface Line { text: string, row: number }

/** What a picture is drawn from. */
export interface Source {
  title: string
  lines: Line[]
  /** Line after the last, for complaints about what is missing. */
  end: number
}

/** Something is wrong at a row and column, from 0, of the fence's body. */
export class PictureError extends Error {
  readonly row: number
  readonly column: number
  readonly hint?: string

  constructor(row: number, column: number, message: string, hint?: string) {
    super(message)
    this.row = row
    this.column = column
    this.hint = hint
  }

  /** Where that is in the chapter, if the fence opens at `fence`. */
  placeIn(fence: Place): Place {
    return { file: fence.file, line: fence.line + 1 + this.row, column: fence.column + this.column }
  }
}

/** Splits off the title; throws if there is none, or nothing under it. */
export function sourceOf(body: string): Source {
  const all = body.split('\n').map((text, row) => ({ text: text.trimEnd(), row }))
  for (const { text, row } of all) {
    const tab = text.indexOf('\t')
    if (tab >= 0) throw new PictureError(row, tab, 'a tab in a picture', 'its width is anyone\'s guess: use spaces')
  }
  const [first, second, ...lines] = all
  if (!first?.text || /^\s/.test(first.text) || second?.text) {
    throw new PictureError(0, 0, 'a picture opens with its title and an empty line',
      'the title says what is seen; it becomes the caption')
  }
  while (lines.at(-1)?.text === '') lines.pop()
  if (lines.every(({ text }) => text === '')) {
    throw new PictureError(0, 0, 'there is nothing under the title')
  }
  return { title: first.text, lines, end: all.length }
}

/** The figure round a drawing, with the title under it. */
export function figure(kind: string, title: string, drawing: string): string {
  return `<figure class="picture ${kind}">${drawing}<figcaption>${prose(title)}</figcaption></figure>`
}

/** Words of a picture as HTML: `code` between backticks. */
export function prose(text: string): string {
  return escape(text).replace(/`([^`]+)`/g, '<code>$1</code>')
}

/** An SVG image of `width` by `height` pixels with its name, and its words for who cannot see it. */
export function svg(
  width: number, height: number, title: string, words: string[], body: string,
): string {
  const plain = escape(title.replaceAll('`', ''))
  return `<div class="canvas"><svg viewBox="0 0 ${width} ${height}" style="--wide:${width}px;--high:${height}px" role="img">`
    + `<title>${plain}</title><desc>${words.map(escape).join('; ')}</desc>${body}</svg></div>`
}

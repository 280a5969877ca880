/**
 * `bits`: what the bits of a word mean.
 *
 *     Selector
 *
 *     15-3   index   which descriptor
 *     2      TI      0: global table, 1: local
 *     1-0    RPL     privilege asked with
 *
 * From the highest bit down, none left out; a field without a meaning is not
 * told under the drawing. A line that begins with spaces goes on with the last
 * meaning. More than 32 bits are drawn in rows of 32, the higher on top.
 */
import { escape } from '../highlight.ts'
import { figure, PictureError, prose, type Line, type Source } from './picture.ts'

export interface Field { high: number, low: number, name: string, meaning: string, row: number }

const shape = /^(\d+)(?:-(\d+))?\s+(\S+(?: \S+)*)(?:\s{2,}(\S.*))?$/

/** Reads the fields; throws a PictureError where bits are missing or told twice. */
export function readBits({ lines, end }: Source): Field[] {
  const fields: Field[] = []
  for (const line of lines) {
    if (line.text === '') continue
    const last = fields.at(-1)
    if (last && /^\s/.test(line.text)) last.meaning += ' ' + line.text.trim()
    else fields.push(readField(line, last))
  }
  if (fields.at(-1)!.low !== 0) {
    throw new PictureError(end - 1, 0, `bits ${fields.at(-1)!.low - 1} to 0 are missing`)
  }
  return fields
}

function readField({ text, row }: Line, before?: Field): Field {
  const match = shape.exec(text)
  if (!match) throw new PictureError(row, 0, 'this is no field', 'write HIGH-LOW  NAME  what it means')
  const high = Number(match[1])
  const low = match[2] === undefined ? high : Number(match[2])
  if (low > high) throw new PictureError(row, 0, `bits ${high}-${low} are upside down`, `write ${low}-${high}`)
  if (before && high !== before.low - 1) {
    throw new PictureError(row, 0, `bit ${before.low - 1} should follow here, not ${high}`,
      'fields go down from the highest bit, none left out')
  }
  return { high, low, name: match[3], meaning: match[4] ?? '', row }
}

/** Draws the word as a ruler of fields, with the meanings under it. */
export function drawBits(source: Source): string {
  const fields = readBits(source)
  const width = rowWidth(fields[0].high + 1)
  const rows = []
  for (let low = width * Math.floor(fields[0].high / width); low >= 0; low -= width) {
    rows.push(ruler(fields.filter((f) => f.high >= low && f.low < low + width), low, width))
  }
  const told = fields.filter((field) => field.meaning)
  const terms = told.map((field) =>
    `<tr><th scope="row">${range(field)}</th><td class="name">${prose(field.name)}</td><td>${prose(field.meaning)}</td></tr>`)
  const legend = terms.length ? `<table>${terms.join('')}</table>` : ''
  return figure('bits', source.title, rows.join('') + legend)
}

const rowWidth = (bits: number) => (bits <= 16 ? bits : 32)

const range = ({ high, low }: Field) => (high === low ? `${high}` : `${high}–${low}`)

/** One row: each field as wide as its bits. */
function ruler(fields: Field[], low: number, width: number): string {
  const missing = low + width - 1 - fields[0].high
  const cells = fields.map((field, i) => {
    const top = Math.min(field.high, low + width - 1)
    const bottom = Math.max(field.low, low)
    const span = top - bottom + 1
    const ends = span > 1 ? `<i>${top}</i><i>${bottom}</i>` : `<i>${top}</i>`
    return `<span class="field${fit(field.name, span * 32 / width)}" style="grid-column:${i === 0 && missing > 0 ? `${missing + 1}/` : ''}span ${span}">${ends}<b>${prose(field.name)}</b></span>`
  })
  const words = fields.map((field) => `${range(field)} ${field.name}`).join(', ')
  return `<div class="ruler" role="img" aria-label="${escape(words)}" style="--bits:${width}">${cells.join('')}</div>`
}

/** A name too long for its field is written upwards: always, or on a narrow screen. */
function fit(name: string, share: number): string {
  if (/^[01]$/.test(name)) return ' fixed'
  const longest = Math.max(...name.split(' ').map((word) => word.length))
  if (longest > Math.max(1, share * 2.5)) return ' shut'
  return longest > Math.max(1, share * 1.4) ? ' tight' : ''
}

/** A figure as HTML, for the page and for the weaver alike. */
import type { Figure } from './camera.ts'

/** The address of a tag's section, if there is one. */
export type Link = (tag: string) => string | undefined

const tag = /^[A-Z]:\d{3}$/

const escaped = (text: string) => text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`)

/** Its head, its rows, and its steps in words; each to be put where it belongs. */
export function figureParts({ columns, steps }: Figure, link: Link): { head: string, rows: string, words: string } {
  return {
    head: `<tr>${columns.map((column) => column ? `<th scope="col">${escaped(column)}</th>` : '<td></td>').join('')}</tr>`,
    rows: steps.map(({ cells }) => `<tr>${cells.map((cell, i) => `<td data-of="${escaped(columns[i] ?? '')}">${cellHtml(cell, link)}</td>`).join('')}</tr>`).join(''),
    words: steps.map(({ words }) => `<li>${escaped(words)}</li>`).join(''),
  }
}

function cellHtml(cell: string, link: Link): string {
  const url = tag.test(cell) ? link(cell) : undefined
  return url ? `<a href="${escaped(url)}">${cell}</a>` : escaped(cell)
}

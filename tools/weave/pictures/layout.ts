/**
 * `layout`: what lies where in a stretch of memory, a structure, a stack.
 *
 *     The Guest's memory as it is born, in bytes
 *
 *     0x00100000  the kernel           as its ELF header says
 *     0x00001000  the command line
 *     0x00000000  boot page
 *
 * An address or offset, what begins there, and a note, two spaces between
 * them. Addresses grow upward on the page, in all pictures of the book; the
 * highest may stand alone, for where all ends. A line without an
 * address is a part of what stands above it, `. . .` a stretch left out, a
 * name in parentheses a hole. Bars part columns that lie side by side; a name
 * without bars fills them all; a line over the first address names them. A line that begins under the notes goes
 * on with the last one.
 */
import { figure, PictureError, prose, type Line, type Source } from './picture.ts'

export interface Region {
  /** The number as written, and its value; neither for a part of the region above. */
  at?: string
  address?: number
  /** One name, or one for each column; none where the last region ends. */
  names: string[]
  note: string
  gap: boolean
  row: number
}

export interface Layout { title: string, heads: string[], regions: Region[] }

const shape = /^(\S+(?: \S+)*)?(?:\s{2,}(\S.*?))?(?:\s{2,}(\S.*))?$/

/** Reads a layout; throws a PictureError where it makes no sense. */
export function readLayout({ title, lines }: Source): Layout {
  const layout: Layout = { title, heads: [], regions: [] }
  let noteAt = -1
  for (const line of lines) {
    if (line.text === '') continue
    const last = layout.regions.at(-1)
    if (last && noteAt > 0 && line.text.search(/\S/) === noteAt) {
      last.note += (last.note ? ' ' : '') + line.text.trim()
      continue
    }
    if (!last && /^\s.*\|/.test(line.text)) {
      layout.heads = columns(line.text)
      continue
    }
    const region = readRegion(line)
    if (region.note) noteAt = line.text.lastIndexOf(region.note)
    layout.regions.push(region)
  }
  checkOrder(layout.regions)
  checkColumns(layout)
  return layout
}

const columns = (text: string) => text.split('|').map((name) => name.trim())

function readRegion({ text, row }: Line): Region {
  const [, at, middle = '', note = ''] = shape.exec(text)!
  if (/^\s*(\. ?){3}$/.test(text)) return { names: [], note: '', gap: true, row }
  const bars = text.lastIndexOf('|')
  if (bars >= 0) return { ...addressed(at, row), ...sideBySide(text, at ?? ''), gap: false, row }
  return { ...addressed(at, row), names: middle ? [middle] : [], note, gap: false, row }
}

/** With bars, only what stands two spaces behind the last column's name is the note. */
function sideBySide(text: string, at: string): { names: string[], note: string } {
  const names = columns(text.slice(at.length))
  const [last, note = ''] = names.pop()!.split(/\s{2,}(.*)/)
  return { names: [...names, last], note }
}

function addressed(at: string | undefined, row: number): { at?: string, address?: number } {
  if (at === undefined) return {}
  const address = Number(at.replace(/^[A-Za-z]*\+/, ''))
  if (Number.isNaN(address)) {
    if (/^[A-Za-z]/.test(at)) return { at }
    throw new PictureError(row, 0, `'${at}' is no address`, 'write 0x1000, 4096, +4, M+4 or a name')
  }
  return { at, address }
}

/** High addresses stand at the top. */
function checkOrder(regions: Region[]): void {
  const known = regions.filter((region) => region.address !== undefined)
  known.forEach((region, i) => {
    const before = known[i - 1]
    if (!before || region.address! < before.address!) return
    throw new PictureError(region.row, 0, `${region.at} does not lie below ${before.at}`,
      'addresses grow upward: the highest stands at the top')
  })
}

function checkColumns({ heads, regions }: Layout): void {
  const count = heads.length || Math.max(...regions.map((region) => region.names.length))
  for (const [i, { names, row, gap, at }] of regions.entries()) {
    if (names.length === 0 && !gap && i > 0) {
      throw new PictureError(row, 0, `nothing begins at ${at}`,
        'an address is where a region begins; only where all ends it stands alone, beyond the highest')
    }
    if (names.length < 2 || names.length === count) continue
    throw new PictureError(row, 0, `${names.length} columns where there are ${count}`, 'part them with |')
  }
}

/** Draws a layout as a table whose rows are as tall as their regions are large, dampened. */
export function drawLayout(source: Source): string {
  const layout = readLayout(source)
  const count = Math.max(1, layout.heads.length, ...layout.regions.map((r) => r.names.length))
  const heads = layout.heads.map((head) => `<th scope="col">${prose(head)}</th>`).join('')
  const top = heads ? `<thead><tr><td></td>${heads}<td></td></tr></thead>` : ''
  const rows = layout.regions.map((region, i) => drawRegion(layout.regions, region, i, count))
  return figure('layout', layout.title, `<div class="scroll"><table class="down">${top}<tbody>${rows.join('')}</tbody></table></div>`)
}

function drawRegion(all: Region[], region: Region, i: number, count: number): string {
  const at = region.at ? `<th scope="row">${region.at}</th>` : '<td></td>'
  if (region.gap) return `<tr class="gap"><td></td><td class="region" colspan="${count}">⋮</td><td></td></tr>`
  if (region.names.length === 0) return `<tr class="end">${at}<td colspan="${count}"></td><td>${prose(region.note)}</td></tr>`
  const span = region.names.length === 1 && count > 1 ? ` colspan="${count}"` : ''
  const cells = region.names.map((name) =>
    `<td class="region${/^\(.*\)$/.test(name) ? ' hole' : ''}"${span}>${prose(name)}</td>`).join('')
  const tall = ` style="--tall:${height(all, i)}em"`
  const part = region.at ? '' : ' class="part"'
  return `<tr${part}${tall}>${at}${cells}<td class="note">${prose(region.note)}</td></tr>`
}

/** From 1.5 em for a word to 3.5 em for what is very much larger than its neighbours. */
function height(all: Region[], i: number): number {
  const size = sizeOf(all, i)
  const sizes = all.map((_, j) => sizeOf(all, j)).filter((s) => s > 0)
  if (size === 0 || sizes.length === 0) return 1.5
  const share = Math.log2(size / Math.min(...sizes)) / Math.max(8, Math.log2(Math.max(...sizes) / Math.min(...sizes)))
  return Number((1.5 + 2 * share).toFixed(2))
}

/** How many bytes a region takes, where the picture tells; else 0. */
function sizeOf(all: Region[], i: number): number {
  const here = all[i].address
  if (here === undefined) return 0
  const down = all[i - 1]?.address
  const up = all[i + 1]?.address
  return Math.max(0, (up ?? here) - here, (down ?? here) - here)
}

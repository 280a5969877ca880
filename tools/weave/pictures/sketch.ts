/**
 * `sketch`: a drawing of lines and words on a grid of characters.
 *
 * Lines are Unicode's box-drawing characters, ends of arrows are ▶ ◀ ▲ ▼. A
 * line must go on where its neighbour says it does: `─│` is reported, `─┤` is
 * meant. What is not a line is a word and stays where it stands.
 */
import { escape } from '../highlight.ts'
import { figure, PictureError, svg, type Source } from './picture.ts'

const wide = 8
const tall = 17

/** The sides on which a character's lines leave its cell. */
const sides: Record<string, string> = {
  '─': 'EW', '│': 'NS', '┌': 'ES', '┐': 'SW', '└': 'NE', '┘': 'NW', '├': 'NES', '┤': 'NSW',
  '┬': 'ESW', '┴': 'NEW', '┼': 'NESW', '╭': 'ES', '╮': 'SW', '╰': 'NE', '╯': 'NW',
  '╌': 'EW', '╎': 'NS',
}
/** The side on which an arrow's shaft may come in. */
const arrows: Record<string, string> = { '▶': 'W', '◀': 'E', '▲': 'S', '▼': 'N' }
const opposite: Record<string, string> = { E: 'W', W: 'E', N: 'S', S: 'N' }

type Grid = string[][]

const cell = (grid: Grid, row: number, column: number): string => grid[row]?.[column] ?? ' '
const leaves = (char: string, side: string) => sides[char]?.includes(side) ?? false
const isDrawn = (char: string) => char in sides || char in arrows

/** Draws a sketch; throws a PictureError where a line breaks off. */
export function drawSketch({ title, lines }: Source): string {
  const indent = Math.min(...lines.filter((l) => l.text).map((l) => l.text.search(/\S/)))
  const grid = lines.map(({ text }) => [...text.slice(indent)])
  checkJoints(grid, lines[0].row, indent)
  const width = Math.max(...grid.map((row) => row.length)) * wide + 2 * wide
  const words = grid.flatMap(wordsOf)
  const body = boxes(grid) + strokes(grid) + heads(grid) + grid.map(labels).join('')
  return figure('sketch', title,
    svg(width, grid.length * tall + tall, title, words.map((w) => w.text), `<g transform="translate(${wide},${tall / 2})">${body}</g>`))
}

function checkJoints(grid: Grid, row: number, column: number): void {
  grid.forEach((line, r) => line.forEach((char, c) => {
    for (const [side, dr, dc] of [['E', 0, 1], ['S', 1, 0]] as const) {
      const next = cell(grid, r + dr, c + dc)
      if (!(char in sides) || !(next in sides)) continue
      const here = leaves(char, side)
      if (here === leaves(next, opposite[side])) continue
      throw new PictureError(row + r + (here ? dr : 0), column + c + (here ? dc : 0),
        `the line from '${here ? char : next}' ends at '${here ? next : char}'`, 'join them with one of ├ ┤ ┬ ┴ ┼ ┌ ┐ └ ┘, or leave a space')
    }
  }))
}

const centre = (row: number, column: number) => [column * wide + wide / 2, row * tall + tall / 2]

/** Closed rectangles get a ground of their own. */
function boxes(grid: Grid): string {
  return grid.flatMap((line, r) => line.map((char, c) => {
    if (char !== '┌' && char !== '╭') return ''
    const right = run(grid, r, c, 'E', '┐╮')
    const bottom = run(grid, r, c, 'S', '└╰')
    if (!right || !bottom || !'┘╯'.includes(cell(grid, r + bottom, c + right) || ' ')) return ''
    const [x, y] = centre(r, c)
    const round = char === '╭' ? ' rx="6"' : ''
    return `<rect class="box" x="${x}" y="${y}" width="${right * wide}" height="${bottom * tall}"${round}/>`
  })).join('')
}

/** How far a line runs from a corner before it turns at one of `ends`; 0 if it does not. */
function run(grid: Grid, row: number, column: number, side: 'E' | 'S', ends: string): number {
  for (let n = 1; ; n++) {
    const char = side === 'E' ? cell(grid, row, column + n) : cell(grid, row + n, column)
    if (ends.includes(char)) return n
    const crossed = char in arrows
    if (!crossed && (!leaves(char, side) || !leaves(char, opposite[side]))) return 0
  }
}

/** Every line, half a cell at a time, straight runs joined. */
function strokes(grid: Grid): string {
  const solid: string[] = []
  const dashed: string[] = []
  const height = grid.length
  const width = Math.max(...grid.map((row) => row.length))
  for (let r = 0; r < height; r++) runs(width, (i) => half(grid, r, i >> 1, i & 1 ? 'E' : 'W'), (from, to, dash) => {
    (dash ? dashed : solid).push(`M${from * wide / 2} ${r * tall + tall / 2}H${to * wide / 2}`)
  })
  for (let c = 0; c < width; c++) runs(height, (i) => half(grid, i >> 1, c, i & 1 ? 'S' : 'N'), (from, to, dash) => {
    (dash ? dashed : solid).push(`M${c * wide + wide / 2} ${from * tall / 2}V${to * tall / 2}`)
  })
  const path = (name: string, parts: string[]) => parts.length ? `<path class="${name}" d="${parts.join('')}"/>` : ''
  return path('stroke', solid) + path('stroke dashed', dashed)
}

/** Whether half a cell is drawn: 0 no, 1 solid, 2 dashed. */
function half(grid: Grid, row: number, column: number, side: string): 0 | 1 | 2 {
  const char = cell(grid, row, column)
  if (leaves(char, side)) return char === '╌' || char === '╎' ? 2 : 1
  const shaft = arrows[char]
  if (!shaft) return 0
  const [dr, dc] = { E: [0, 1], W: [0, -1], N: [-1, 0], S: [1, 0] }[shaft] as [number, number]
  const from = cell(grid, row + dr, column + dc)
  if (!leaves(from, opposite[shaft])) return 0
  return side === shaft ? 1 : 0
}

function runs(
  cells: number, kind: (i: number) => number, draw: (from: number, to: number, dash: boolean) => void,
): void {
  let from = 0
  for (let i = 1; i <= cells * 2; i++) {
    if (i < cells * 2 && kind(i) === kind(from)) continue
    if (kind(from)) draw(from, i, kind(from) === 2)
    from = i
  }
}

/** Arrow heads, their tips on the edge of the cell. */
function heads(grid: Grid): string {
  const shape: Record<string, string> = {
    '▶': 'l-7 -4v8z', '◀': 'l7 -4v8z', '▲': 'l-4 7h8z', '▼': 'l-4 -7h8z',
  }
  const tip: Record<string, [number, number]> = { '▶': [4, 0], '◀': [-4, 0], '▲': [0, -6], '▼': [0, 6] }
  return grid.flatMap((line, r) => line.map((char, c) => {
    if (!(char in arrows)) return ''
    const [x, y] = centre(r, c)
    return `<path class="head" d="M${x + tip[char][0]} ${y + tip[char][1]}${shape[char]}"/>`
  })).join('')
}

/** The words of a row: what two spaces or a line part. */
function wordsOf(line: string[]): { text: string, column: number }[] {
  const plain = line.map((char) => (isDrawn(char) ? '\0' : char)).join('')
  return [...plain.matchAll(/[^\s\0]+(?: [^\s\0]+)*/g)].map((match) =>
    ({ text: match[0], column: [...plain.slice(0, match.index)].length }))
}

function labels(line: string[], row: number): string {
  return wordsOf(line).map(({ text, column }) => {
    const x = column * wide
    const y = row * tall + tall / 2
    return `<text x="${x}" y="${y}" textLength="${[...text].length * wide}">${escape(text)}</text>`
  }).join('')
}

/**
 * `timeline`: who does what, and who calls whom, from top to bottom.
 *
 *     A system call, direct
 *
 *     program | processor | kernel
 *     == ring 3
 *     program -> processor  int 0x80
 *     == ring 1
 *     processor -> kernel  through the trap gate
 *     kernel: works on the frame
 *
 * The first line names the lanes. `A -> B  words` is an arrow, `A: words` is
 * work done by A, `== words` a line across, for what holds from there on.
 */
import { nearest } from '../../tangle/names.ts'
import { escape } from '../highlight.ts'
import { figure, PictureError, svg, type Line, type Source } from './picture.ts'

export type Step =
  | { kind: 'arrow', from: number, to: number, words: string }
  | { kind: 'work', lane: number, words: string }
  | { kind: 'mark', words: string }

export interface Timeline { lanes: string[], steps: Step[] }

/** SVG has no type for code inside a line: backticks only serve who reads the text. */
const bare = (text: string) => text.replaceAll('`', '')

/** Reads a timeline; throws a PictureError at what it does not understand. */
export function readTimeline({ lines }: Source): Timeline {
  const [first, ...rest] = lines
  const lanes = first.text.split('|').map((lane) => lane.trim())
  if (lanes.length < 2 || lanes.some((lane) => !lane)) {
    throw new PictureError(first.row, 0, 'a timeline names its lanes first', 'write: Host | Switcher | Guest')
  }
  return { lanes, steps: rest.filter(({ text }) => text).map((line) => readStep(line, lanes)) }
}

function readStep(line: Line, lanes: string[]): Step {
  const { row } = line
  const text = bare(line.text)
  const mark = /^==\s*(.+)$/.exec(text)
  if (mark) return { kind: 'mark', words: mark[1] }
  const arrow = /^(.+?)\s*->\s*(.+?)(?:\s{2,}(.*))?$/.exec(text)
  if (arrow) {
    const from = laneOf(arrow[1], line, lanes)
    return { kind: 'arrow', from, to: laneOf(arrow[2], line, lanes), words: arrow[3] ?? '' }
  }
  const work = /^(.+?):\s+(.+)$/.exec(text)
  if (work) return { kind: 'work', lane: laneOf(work[1], line, lanes), words: work[2] }
  throw new PictureError(row, 0, 'this is no step', 'write A -> B  words, or A: words, or == words')
}

function laneOf(name: string, { text, row }: Line, lanes: string[]): number {
  const lane = lanes.indexOf(name.trim())
  if (lane >= 0) return lane
  const near = nearest(name, lanes)
  throw new PictureError(row, text.indexOf(name), `there is no lane '${name}'`,
    near ? `did you mean ${near}?` : `the lanes are ${lanes.join(', ')}`)
}

const width = 660
const lineHeight = 15
/** Characters of the figures' type that surely fit into so many pixels. */
const fits = (pixels: number) => Math.floor(pixels / 6.6)

/** Draws a timeline. */
export function drawTimeline(source: Source): string {
  const { lanes, steps } = readTimeline(source)
  const gap = width / lanes.length
  let y = 48
  const parts = steps.map((step) => {
    const [drawn, height] = draw(step, y, gap)
    y += height
    return drawn
  })
  const lines = lanes.map((lane, i) => lifeline(lane, (i + 0.5) * gap, y)).join('')
  const words = steps.map((step) => told(step, lanes))
  return figure('timeline', source.title, svg(width, y + 8, source.title, words, lines + parts.join('')))
}

function lifeline(name: string, x: number, bottom: number): string {
  return `<path class="lane" d="M${x} 30V${bottom}"/><text class="lane-name" x="${x}" y="16">${escape(name)}</text>`
}

function told(step: Step, lanes: string[]): string {
  if (step.kind === 'arrow') return `${lanes[step.from]} to ${lanes[step.to]}: ${step.words}`
  return step.kind === 'work' ? `${lanes[step.lane]}: ${step.words}` : step.words
}

function draw(step: Step, y: number, gap: number): [string, number] {
  if (step.kind === 'mark') return drawMark(step.words, y)
  return step.kind === 'work' ? drawWork(step.words, (step.lane + 0.5) * gap, y, gap) : drawArrow(step, y, gap)
}

function drawMark(words: string, y: number): [string, number] {
  return [`<path class="mark" d="M0 ${y + 8}H${width}"/>`
    + label([words], 0, y + 22, 'mark-words'), 34]
}

function drawWork(words: string, x: number, y: number, gap: number): [string, number] {
  const lines = wrap(words, fits(gap - 22))
  const height = lines.length * lineHeight + 8
  const box = `<rect class="work" x="${x - gap / 2 + 5}" y="${y}" width="${gap - 10}" height="${height}" rx="4"/>`
  return [box + label(lines, x, y + lineHeight, 'middle'), height + 8]
}

function drawArrow(step: Step & { kind: 'arrow' }, y: number, gap: number): [string, number] {
  const [from, to] = [(step.from + 0.5) * gap, (step.to + 0.5) * gap]
  const lines = step.words ? wrap(step.words, fits(Math.abs(to - from) - 16)) : []
  const base = y + lines.length * lineHeight + 2
  const back = to < from ? 7 : -7
  const arrow = `<path class="stroke" d="M${from} ${base}H${to + back}"/>`
    + `<path class="head" d="M${to} ${base}l${back} -4v8z"/>`
  return [arrow + label(lines, (from + to) / 2, y + lineHeight - 5, 'middle'), lines.length * lineHeight + 14]
}

function label(lines: string[], x: number, y: number, name: string): string {
  return lines.map((text, i) => `<text class="${name}" x="${x}" y="${y + i * lineHeight}">${escape(text)}</text>`).join('')
}

/** Breaks words into lines of at most `most` characters, where they can be broken. */
export function wrap(words: string, most: number): string[] {
  const lines: string[] = []
  for (const word of words.split(/\s+/)) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= most) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

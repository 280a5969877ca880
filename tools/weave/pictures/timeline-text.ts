/** A timeline in characters, for editions that cannot draw: lanes run down, arrows between them. */
import { sourceOf } from './picture.ts'
import { readTimeline, wrap, type Step } from './timeline.ts'

const width = 78

/** The text of the fence `body` as lines of at most `width` characters; throws as drawing it does. */
export function timelineAsText(body: string): string {
  const source = sourceOf(body)
  const { lanes, steps } = readTimeline(source)
  const lane = Math.floor(width / lanes.length)
  const middles = lanes.map((_, i) => Math.floor((i + 0.5) * lane))
  const bare = middles.reduce((line, at) => put(line, at, '│'), '')
  const heads = lanes.reduce((line, name, i) => centred(line, middles[i], name), '')
  const rows = steps.flatMap((step) => [...draw(step, bare, middles, lane), bare])
  return [source.title, '', heads, bare, ...rows].map((line) => line.trimEnd()).join('\n')
}

/** `words` written over a line, from a column on. */
function put(line: string, at: number, words: string): string {
  const padded = line.padEnd(at + words.length)
  return padded.slice(0, at) + words + padded.slice(at + words.length)
}

const centred = (line: string, middle: number, words: string) =>
  put(line, Math.max(0, middle - Math.floor(words.length / 2)), words)

function draw(step: Step, bare: string, middles: number[], lane: number): string[] {
  if (step.kind === 'mark') return [`── ${step.words} `.padEnd(width, '─')]
  if (step.kind === 'work') {
    const lines = wrap(step.words, lane - 4)
    const wide = Math.max(...lines.map((line) => line.length))
    return lines.map((line) => centred(bare, middles[step.lane], `[${line.padEnd(wide)}]`))
  }
  const [from, to] = [middles[step.from], middles[step.to]]
  const [left, right] = [Math.min(from, to), Math.max(from, to)]
  const words = step.words ? wrap(step.words, right - left - 3) : []
  const shaft = to > from ? '─'.repeat(right - left - 2) + '▶' : '◀' + '─'.repeat(right - left - 2)
  return [
    ...words.map((line) => centred(bare, Math.floor((left + right) / 2) + 1, ` ${line} `)),
    put(bare, left + 1, shaft),
  ]
}

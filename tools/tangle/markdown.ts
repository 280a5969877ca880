/**
 * Markdown to the little that tangling needs of it: fences and headings.
 *
 * The block structure is remark's; inline constructs are switched off, for
 * parsing dominates the time of a tangle and halves without them.
 */
import remarkParse from 'remark-parse'
import { unified } from 'unified'
import { visit } from 'unist-util-visit'
import { linesOf } from './lines.ts'
import { looksLikeReference } from './references.ts'
import { scan } from './scan.ts'

export interface Fence {
  /** Line of the opening fence, 1-based; the body starts on the next. */
  line: number
  /** Column of the opening fence, 1-based. */
  column: number
  /** The opening line from the fence on, as written. */
  opening: string
  body: string[]
  /** Columns of the body's lines, 1-based, where they are not all 1. */
  columns?: number[]
  closed: boolean
  /** What lines begin inside of: text of a template, or a reference in a comment. */
  inside?: Record<number, 'template' | 'comment'>
  /** The first line of the body, by index, that begins in the middle of a tab. */
  halfTab?: number
  /** A CR and an LF end two lines of it, and Markdown makes one end of both. */
  mixedEnds?: true
}

export interface Heading {
  line: number
  depth: number
  text: string
}

/** A line like one that opens a fence, which Markdown takes for something else. */
export interface Unread {
  line: number
  column: number
  opening: string
}

export interface Outline {
  fences: Fence[]
  headings: Heading[]
  unread: Unread[]
  /** So many quotes and lists in each other that it cannot be read. */
  tooDeep?: true
}

const inline = [
  'attention', 'autolink', 'characterEscape', 'characterReference', 'codeText',
  'hardBreakEscape', 'htmlText', 'labelEnd', 'labelStartImage', 'labelStartLink',
]

/** The fences of each code block: two where it is closed, one where it is not, none where it is indented. */
const marks = new WeakMap<object, number>()

function countMark(this: { stack: { type: string }[] }): undefined {
  const code = this.stack.findLast(({ type }) => type === 'code')!
  marks.set(code, (marks.get(code) ?? 0) + 1)
}

function blocksOnly(this: { data(): object }): void {
  const data = this.data() as { micromarkExtensions?: object[], fromMarkdownExtensions?: object[] }
  data.micromarkExtensions = [...(data.micromarkExtensions ?? []), { disable: { null: inline } }]
  data.fromMarkdownExtensions = [...(data.fromMarkdownExtensions ?? []), { enter: { codeFencedFence: countMark } }]
}

const parser = unified().use(blocksOnly).use(remarkParse).freeze()

interface Positioned {
  position?: { start: { line: number, column: number }, end: { line: number } }
}

/** The fences and headings of a chapter, in order. */
export function outline(text: string): Outline {
  const found: Outline = { fences: [], headings: [], unread: [] }
  const bare = text.replace(/^\uFEFF/, '') // as Markdown does
  try {
    read(bare, linesOf(bare), found)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    found.tooDeep = true
  }
  return found
}

function read(text: string, lines: string[], found: Outline): void {
  const within = new Set<number>()
  visit(parser.parse(text), (node) => {
    if (node.type === 'heading') found.headings.push(readHeading(node, node.depth, lines))
    if (node.type !== 'code' || !marks.has(node)) return
    found.fences.push(readFence(node, node.value, marks.get(node) === 2, lines))
    for (let line = node.position!.start.line; line <= node.position!.end.line; line++) within.add(line)
  })
  found.unread = lines.flatMap((line, i) => within.has(i + 1) ? [] : unread(line, i + 1))
}

const opens = /^[\s>*+\d.)-]*((?:`{2,}|~{2,})\s*[\w+#-]*\s*(?:\{[^`]*\})?)\s*$/
/** With a backtick further on, but not as many as would end code in a line of prose. */
const opensWithTick = /^[\s>*+\d.)-]*((`{3,})[^`](?!.*\2).*`.*?)\s*$/

function unread(text: string, line: number): Unread[] {
  if (!text.includes('``') && !text.includes('~~')) return []
  const [, opening] = opens.exec(text) ?? opensWithTick.exec(text) ?? []
  return opening === undefined ? [] : [{ line, column: text.indexOf(opening) + 1, opening }]
}

function readHeading(node: Positioned, depth: number, lines: string[]): Heading {
  const line = node.position!.start.line
  const text = lines[line - 1].replace(/^[\s>]*#*\s*/, '').replace(/\s+#*\s*$/, '')
  return { line, depth, text }
}

function readFence(node: Positioned, value: string, closed: boolean, lines: string[]): Fence {
  const { start, end } = node.position!
  const opening = lines[start.line - 1].slice(start.column - 1)
  const empty = end.line - start.line - (closed ? 1 : 0) <= 0
  const body = empty ? [] : linesOf(value)
  const fence: Fence = { line: start.line, column: start.column, opening, body, closed }
  if (closed && !empty && body.length !== end.line - start.line - 1) return { ...fence, mixedEnds: true }
  const columns = body.map((text, i) => lines[start.line + i].length - text.length + 1)
  if (columns.some((column) => column !== 1)) fence.columns = columns
  const half = body.findIndex((text, i) => !lines[start.line + i].endsWith(text))
  if (half >= 0) fence.halfTab = half
  const inside = insides(body)
  if (inside) fence.inside = inside
  return fence
}

/** Kept with the outline, so that a chapter that did not change need not be scanned. */
function insides(body: string[]): Fence['inside'] {
  if (!body.some((line) => line.includes('`') || line.includes('/*'))) return undefined
  const found = scan(body).flatMap(({ inside }, i): [number, 'template' | 'comment'][] => {
    const matters = inside === 'template' || (inside === 'comment' && looksLikeReference(body[i]))
    return matters ? [[i, inside]] : []
  })
  return found.length > 0 ? Object.fromEntries(found) : undefined
}

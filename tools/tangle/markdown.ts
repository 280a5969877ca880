/**
 * Markdown to the little that tangling needs of it: fences and headings.
 *
 * The block structure is remark's; inline constructs are switched off, for
 * parsing dominates the time of a tangle and halves without them.
 */
import remarkParse from 'remark-parse'
import { unified } from 'unified'
import { visit } from 'unist-util-visit'
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
}

export interface Heading {
  line: number
  depth: number
  text: string
}

export interface Outline {
  fences: Fence[]
  headings: Heading[]
}

const inline = [
  'attention', 'autolink', 'characterEscape', 'characterReference', 'codeText',
  'hardBreakEscape', 'htmlText', 'labelEnd', 'labelStartImage', 'labelStartLink',
]

function blocksOnly(this: { data(): object }): void {
  const data = this.data() as { micromarkExtensions?: object[] }
  data.micromarkExtensions = [...(data.micromarkExtensions ?? []), { disable: { null: inline } }]
}

const parser = unified().use(blocksOnly).use(remarkParse).freeze()

interface Positioned {
  position?: { start: { line: number, column: number }, end: { line: number } }
}

/** The fences and headings of a chapter, in order. */
export function outline(text: string): Outline {
  const lines = text.split(/\r?\n/)
  const found: Outline = { fences: [], headings: [] }
  visit(parser.parse(text), (node) => {
    if (node.type === 'code') {
      const fence = readFence(node, node.value, lines)
      if (fence) found.fences.push(fence)
    } else if (node.type === 'heading') {
      found.headings.push(readHeading(node, node.depth, lines))
    }
  })
  return found
}

function readHeading(node: Positioned, depth: number, lines: string[]): Heading {
  const line = node.position!.start.line
  const text = lines[line - 1].replace(/^[\s>]*#*\s*/, '').replace(/\s+#*\s*$/, '')
  return { line, depth, text }
}

/** Indented code is code to Markdown as well, but no fence: left alone. */
function readFence(node: Positioned, value: string, lines: string[]): Fence | undefined {
  const { start, end } = node.position!
  const opening = lines[start.line - 1].slice(start.column - 1)
  const mark = /^(`{3,}|~{3,})/.exec(opening)
  if (!mark) return undefined
  const closed = end.line > start.line && closes(lines[end.line - 1], mark[1])
  const count = end.line - start.line - (closed ? 1 : 0)
  const body = count > 0 ? value.split(/\r?\n/) : []
  const columns = body.map((text, i) => lines[start.line + i].length - text.length + 1)
  const fence: Fence = { line: start.line, column: start.column, opening, body, closed }
  if (columns.some((column) => column !== 1)) fence.columns = columns
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

function closes(line: string, mark: string): boolean {
  const bare = line.replace(/^[\s>]*/, '').trimEnd()
  return bare.length >= mark.length && [...bare].every((c) => c === mark[0])
}

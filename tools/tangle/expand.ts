/**
 * Roots to text: references replaced by their chunks, indentation carried
 * over, each line still knowing where in which chapter it stands. What is
 * appended to a file stands apart from what is there by an empty line, and so
 * does a block that opens with a comment on what it brings.
 */
import { describe, opening, placeOf, type Block, type Book, type Definition } from './book.ts'
import type { Diagnostics } from './diagnostics.ts'
import { nearest } from './names.ts'
import type { Reference } from './references.ts'

export interface Line {
  /** The indentation that the references above it carry over. */
  indent: string
  block: Block
  /** Index into the block's body. */
  index: number
  /** What tangling wrote there itself, for the sake of that line of the block. */
  text?: string
}

export interface TangledFile {
  /** Relative to generated/. */
  path: string
  root: Definition
  lines: Line[]
}

/** All files of the book. Undefined, unused and cyclic chunks are reported. */
export function expand(book: Book, out: Diagnostics): TangledFile[] {
  const expander = new Expander(book, out)
  const files = [...book.roots.values()].map((root) => {
    const lines: Line[] = []
    expander.add(root, '', lines)
    return { path: root.name, root, lines }
  })
  expander.reportUnused()
  return files
}

export const lineText = ({ indent, block, index, text = block.fence.body[index] }: Line): string =>
  text === '' ? '' : indent + text

/** The file's text; it ends with a newline unless it is empty. */
export function textOf(file: TangledFile): string {
  return file.lines.map((line) => lineText(line) + '\n').join('')
}

/** To indent the text of a template literal would change the string. */
const inTemplate = ({ fence }: Block, index: number) => fence.inside?.[index] === 'template'

/** Lines that a file may have. */
const most = 1_000_000

/** How far the expansion of a definition has come. */
interface Step {
  definition: Definition
  indent: string
  /** Its next line: block, and index into the block's body. */
  block: number
  index: number
}

/** Whether an empty line is to come before the next one: at the joints of a file, and where a block opens with a comment on what follows. */
function isApart({ definition, block }: Step, lines: Line[]): boolean {
  const [first] = definition.blocks[block].fence.body
  const last = lines.length > 0 ? lineText(lines[lines.length - 1]).trim() : ''
  if (first.trim() === '' || last === '') return false
  return definition.root ? block > 0 : first.startsWith('/**') && !/[{([,]$/.test(last)
}

class Expander {
  private readonly used = new Set<string>()
  /** The definitions that are being added, in the order they were entered. */
  private readonly inside = new Set<Definition>()
  private readonly book: Book
  private readonly out: Diagnostics

  constructor(book: Book, out: Diagnostics) {
    this.book = book
    this.out = out
  }

  /** Adds the lines of a definition; chunks in chunks are followed without recursion, however deep. */
  add(definition: Definition, indent: string, lines: Line[]): void {
    const walk: Step[] = [this.enter(definition, indent)]
    while (walk.length > 0) {
      const step = walk.at(-1)!
      const block = step.definition.blocks[step.block]
      if (!block) this.inside.delete(walk.pop()!.definition)
      else if (step.index === block.fence.body.length) [step.block, step.index] = [step.block + 1, 0]
      else if (step.index === 0 && isApart(step, lines)) lines.push({ indent: '', block, index: 0, text: '' })
      else this.line(block, step.index++, step.indent, walk, lines)
    }
  }

  private enter(definition: Definition, indent: string): Step {
    this.inside.add(definition)
    return { definition, indent, block: 0, index: 0 }
  }

  private line(block: Block, index: number, indent: string, walk: Step[], lines: Line[]): void {
    const reference = block.references.get(index)
    if (lines.length > most) this.reportTooLong(walk)
    else if (reference) this.refer(reference, block, index, indent, walk)
    else lines.push({ indent: inTemplate(block, index) ? '' : indent, block, index })
  }

  private refer(to: Reference, block: Block, index: number, indent: string, walk: Step[]): void {
    const chunk = this.book.chunks.get(to.id)
    this.used.add(to.id)
    if (!chunk) this.reportUndefined(to, block, index)
    else if (this.inside.has(chunk)) this.reportCycle(chunk, block, index)
    else walk.push(this.enter(chunk, indent + to.indent))
  }

  /** Chunks that each use the next one twice double with every step. */
  private reportTooLong(walk: Step[]): void {
    const [{ definition }] = walk
    this.out.error(opening(definition.blocks[0]), `${describe(definition)} has more than ${most} lines`,
      'chunks that use others several times multiply: use them less often')
    this.inside.clear()
    walk.length = 0
  }

  private reportUndefined(to: Reference, block: Block, index: number): void {
    const near = nearest(to.id, this.book.chunks.keys())
    this.out.error(placeOf(block, index, to.indent.length), `chunk <<${to.name}>> is not defined`,
      near ? `did you mean {#${near}}?` : `define it: \`\`\`${block.info.lang} {#${to.id}}`)
  }

  private reportCycle(chunk: Definition, block: Block, index: number): void {
    const within = [...this.inside]
    const circle = [...within.slice(within.indexOf(chunk)), chunk]
    const indent = block.references.get(index)!.indent.length
    this.out.error(placeOf(block, index, indent), `${describe(chunk)} contains itself`,
      `the circle: ${circle.map((d) => d.name).join(' → ')}`)
  }

  /** Chunks of an unused circle are reported as well: expand() never met them. */
  reportUnused(): void {
    for (const chunk of this.book.chunks.values()) {
      if (this.used.has(chunk.name)) continue
      const near = nearest(chunk.name, [...this.used].filter((id) => !this.book.chunks.has(id)))
      this.out.error(opening(chunk.blocks[0]), `${describe(chunk)} is never used`, near
        ? `a reference asks for '${near}': did you mean that?`
        : 'refer to it, or mark the fence .ignore if it is only to be shown')
      this.used.add(chunk.name)
      this.add(chunk, '', [])
    }
  }
}

/** Between any two lines of a tangled file: the places in chapters where a line put there could go. */
import type { Block, Book, Definition } from './book.ts'

/** Before line `index` of a block's body, or after its last line. */
export interface Gap {
  block: Block
  index: number
  /** The indentation that references above the block carry over. */
  indent: string
}

interface Step {
  definition: Definition
  indent: string
  block: number
  index: number
}

/** For each line of the file, and for its end, the gaps before it. The book has no errors. */
export function gapsOf(book: Book, root: Definition): Gap[][] {
  const gaps: Gap[][] = [[]]
  const walk: Step[] = [{ definition: root, indent: '', block: 0, index: 0 }]
  while (walk.length > 0) {
    const step = walk.at(-1)!
    const block = step.definition.blocks[step.block]
    if (!block) walk.pop()
    else visit(book, block, step, walk, gaps)
  }
  return gaps
}

/** One gap of a block, and the line behind it. */
function visit(book: Book, block: Block, step: Step, walk: Step[], gaps: Gap[][]): void {
  const { index, indent } = step
  const inTemplate = block.fence.inside?.[index] === 'template'
  gaps.at(-1)!.push({ block, index, indent: inTemplate ? '' : indent })
  const reference = block.references.get(index)
  if (index === block.fence.body.length) [step.block, step.index] = [step.block + 1, 0]
  else step.index++
  if (reference) {
    walk.push({ definition: book.chunks.get(reference.id)!, indent: indent + reference.indent, block: 0, index: 0 })
  } else if (index < block.fence.body.length) gaps.push([])
}

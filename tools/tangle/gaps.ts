/** Between any two lines of a tangled file: the places in chapters where a line put there could go. */
import type { Block, Book, Definition } from './book.ts'

/** Before line `index` of a block's body, or after its last line. */
export interface Gap {
  block: Block
  index: number
  /** The indentation that references above the block carry over. */
  indent: string
}

/** For each line of the file, and for its end, the gaps before it. The book has no errors. */
export function gapsOf(book: Book, root: Definition): Gap[][] {
  const gaps: Gap[][] = [[]]
  const walk = (definition: Definition, indent: string): void => {
    for (const block of definition.blocks) {
      for (let index = 0; index <= block.fence.body.length; index++) {
        gaps.at(-1)!.push({ block, index, indent })
        const reference = block.references.get(index)
        if (reference) walk(book.chunks.get(reference.id)!, indent + reference.indent)
        else if (index < block.fence.body.length) gaps.push([])
      }
    }
  }
  walk(root, '')
  return gaps
}

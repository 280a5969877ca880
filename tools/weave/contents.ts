/** How the long parts of the book fall into subjects, for the tree of chapters and the cover. */
import type { Page } from './model.ts'

/** By part: the number from which on chapters belong to a subject. */
const subjects: Record<string, [number, string][]> = {
  L: [[0, 'The Launcher of 2007'], [500, 'Virtio'], [700, 'Kernels of other years']],
  P: [
    [0, 'Before the Switcher'], [1000, 'The processor: memory'], [1300, 'Instructions'], [1500, 'Protection'],
    [1650, 'Going faster'], [1700, 'Floating point'], [1800, 'Vectors'], [1900, 'The processor, whole'],
    [2000, 'An assembler'], [3000, 'Puppy: the kernel'], [3600, 'Puppy: the programs'],
  ],
}

/** The pages of a part, in reading order, by subject; all under '' if the part has none. */
export function bySubject(pages: Page[]): [string, Page[]][] {
  const groups: [string, Page[]][] = []
  for (const page of pages) {
    const subject = subjects[page.part]?.findLast(([from]) => Number(page.number) >= from)?.[1] ?? ''
    const last = groups.at(-1)
    if (last?.[0] === subject) last[1].push(page)
    else groups.push([subject, [page]])
  }
  return groups
}

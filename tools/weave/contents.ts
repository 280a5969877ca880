/** The parts of the book: what they are called, what is in them, and their subjects. */
import type { Page } from './model.ts'

export const bookTitle = 'The journey'

export interface Part {
  letter: string
  name: string
  /** What a reader is promised, for the home page. */
  promise: string
}

/** In reading order. */
export const partsOfBook: Part[] = [
  {
    letter: 'B', name: 'Before we start',
    promise: 'Rings, segments, gates, pages, and what a trap is. Ten pages with many pictures and no code, for anyone who knows C or JavaScript and has never met an i386 in person. If you have, start one part further on.',
  },
  {
    letter: 'L', name: 'Launcher',
    promise: 'An ordinary program, run by an ordinary user. It fetches memory, puts a kernel in it, and spends the rest of its life printing, reading keys and moving disk blocks for somebody who cannot. This is the Launcher of 2007, as lguest shipped it.',
  },
  {
    letter: 'H', name: 'Host',
    promise: 'The part that was a kernel module. It answers hypercalls, forges interrupts on other people’s stacks, and keeps a second set of page tables that no Guest ever sees. Most of what makes a hypervisor a hypervisor is here.',
  },
  {
    letter: 'P', name: 'Preparation',
    promise: 'One chapter of calm before the last page: code, registers and stacks of the Switcher are laid out, so that there is something for it to switch.',
  },
  {
    letter: 'S', name: 'Switcher',
    promise: 'A hundred instructions that throw the processor out of one world and into another, and get it back when the Guest trips over something. You may step through one such trip, instruction by instruction. Here the journey of lguest’s own documents ends.',
  },
  {
    letter: 'D', name: 'Devices, ten years later',
    promise: 'lguest lived until 2017 and changed its mind six times. Virtio, which now runs in every data centre, PCI, kernels of other years; and at the end a real Linux boots, compiled by its own makefile.',
  },
  {
    letter: 'G', name: 'Guest',
    promise: 'The view from inside. Puppy is a small Unix that has never known any machine but ours: fork, pipes, a shell in ring 3. It is named for a joke in lguest’s documentation, and it barks when it dies.',
  },
  {
    letter: 'E', name: 'Emulator',
    promise: 'There is no i386 beneath TypeScript, so we built one. Each instruction is described once; from that description an interpreter and a compiler to WebAssembly are printed, and both must agree with real silicon to the last bit.',
  },
  {
    letter: 'M', name: 'Mastery',
    promise: 'What it costs, how we know that it is right, where we part from the documents, and what lguest’s authors would have done next. Some of that is left for you.',
  },
]

/** By part: the number from which on chapters belong to a subject. */
const subjects: Record<string, [number, string][]> = {
  L: [[0, 'The door'], [100, 'Building a Guest'], [190, 'Serving it'], [300, 'Moving data']],
  H: [[0, 'The house'], [100, 'What a Guest asks'], [200, 'What interrupts it'], [300, 'Where its addresses lead'], [600, 'What its segments are']],
  D: [[0, 'Virtio'], [100, 'Kernels of other years'], [300, 'Seen at work']],
  G: [[0, 'The kernel'], [600, 'The programs']],
  E: [
    [0, 'State and memory'], [300, 'Instructions'], [400, 'From bytes to a program'], [500, 'Protection'],
    [600, 'Running, and running faster'], [700, 'Floating point'], [800, 'Vectors'],
    [860, 'Translating what is hot'], [900, 'The machine, whole'],
    [940, 'An assembler'],
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

/** The parts that have chapters, with them. */
export function partsWith(pages: Page[]): [Part, Page[]][] {
  return partsOfBook.map((part): [Part, Page[]] => [part, pages.filter((page) => page.part === part.letter)])
    .filter(([, inside]) => inside.length > 0)
}

/** Minutes as a reader thinks of them: 25 min, 3 h 20. */
export function duration(minutes: number): string {
  if (minutes < 60) return `${minutes} min`
  const [hours, rest] = [Math.floor(minutes / 60), Math.round(minutes % 60 / 10) * 10]
  if (rest === 60) return `${hours + 1} h`
  return rest ? `${hours} h ${rest}` : `${hours} h`
}

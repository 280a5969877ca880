/** Pictures of the chapters as data, to hold their numbers against the code's. */
import { findChapters, readChapter } from '../../tools/tangle/chapters.ts'
import { outline } from '../../tools/tangle/markdown.ts'
import { readBits, type Field } from '../../tools/weave/pictures/bits.ts'
import { readLayout, type Region } from '../../tools/weave/pictures/layout.ts'
import { sourceOf, type Source } from '../../tools/weave/pictures/picture.ts'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The picture of that kind and title; throws if no chapter has it. */
function find(kind: string, title: string, part: string): Source {
  for (const chapter of findChapters(root)) {
    if (!chapter.path.includes(part)) continue
    for (const { opening, body } of outline(readChapter(root, chapter)).fences) {
      if (opening.trim() === '```' + kind && body[0] === title) return sourceOf(body.join('\n'))
    }
  }
  throw new Error(`no ${kind} '${title}' in ${part}`)
}

/** Regions of a `layout` of the chapter whose path holds `part`. */
export function regionsOf(part: string, title: string): Region[] {
  return readLayout(find('layout', title, part)).regions
}

/** Addresses by the first name that stands there, without backticks; '' where all ends. */
export function addressesOf(part: string, title: string): Record<string, number> {
  return Object.fromEntries(regionsOf(part, title).filter((r) => r.address !== undefined)
    .map(({ names, address }) => [(names[0] ?? '').replaceAll('`', ''), address!]))
}

/** Fields of a `bits`. */
export function fieldsOf(part: string, title: string): Field[] {
  return readBits(find('bits', title, part))
}

/** Masks of the fields of a word of up to 32 bits, by name. */
export function masksOf(part: string, title: string): Record<string, number> {
  return Object.fromEntries(fieldsOf(part, title).map(({ name, high, low }) =>
    [name, Number(((1n << BigInt(high - low + 1)) - 1n) << BigInt(low))]))
}

/** Before we start: what the chapter shows is what happens, and its numbers are the system's. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { KERNEL_CS, KERNEL_DS, LGUEST_TRAP_ENTRY } from '../../generated/abi/common.ts'
import { addressesOf, fieldsOf } from '../support/pictures.ts'
import { lines, session } from '../support/puppy.ts'

const chapter = readFileSync(
  new URL('../../journey/B-before/000-before-we-start.md', import.meta.url), 'utf8')

describe('before we start', () => {
  it('B:090: the session is what Puppy answers', async () => {
    const [, shown] = /^```text\n(Puppy, a Guest[^]*?)^```/m.exec(chapter)!
    const { out, status } = await session(lines('echo woof', 'ps', 'halt'))
    expect(out.replaceAll('\r', '')).toContain(shown)
    expect(status).toBe(0)
  })

  it('B:040: the selectors are those of a Guest kernel', () => {
    expect(fieldsOf('B-before/000', 'A selector: 0x61 is descriptor 12, for ring 1')).toHaveLength(3)
    expect(KERNEL_CS).toBe(0x61)
    expect(KERNEL_DS).toBe(13 << 3 | 1)
    expect(chapter).toContain(`│   0x${KERNEL_DS.toString(16)}   ├`)
  })

  it('B:050: a frame has as many words as the text says, and the hypercall its number', () => {
    const frame = addressesOf('B-before/000', 'Pushed by a trap to an inner ring; offsets from where its stack begins')
    expect(frame).toMatchObject({ ss: -4, esp: -8, eflags: -12, cs: -16, eip: -20 })
    expect(chapter).toContain(`\`int 0x${LGUEST_TRAP_ENTRY.toString(16)}\``)
  })

  it('B:060: the walk adds up', () => {
    expect(768 * 2 ** 22 + 257 * 2 ** 12 + 0x234).toBe(0xc0101234)
  })
})

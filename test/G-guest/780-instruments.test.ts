import { describe, expect, it } from 'vitest'
import { lines, session } from '../support/puppy.ts'

const numbers = (text: string): number[] => [...text.matchAll(/\b\d+\b/g)].map((match) => Number(match[0]))

describe('G:781 walk', () => {
  it('shows both entries of an address, whoever may use it', async () => {
    const { answers } = await session(lines('walk 400000', 'walk 0x404000', 'walk c0100000', 'walk 500000', 'walk 12345678'))
    const user = /^directory  0x[0-9a-f]+067 present writable user accessed dirty\n/
    expect(answers[0]).toMatch(user)
    expect(answers[0]).toMatch(/\ntable      0x[0-9a-f]+065 present user accessed dirty\n$/)
    expect(answers[1]).toMatch(/\ntable      0x[0-9a-f]+265 present user accessed dirty copy-on-write\n$/)
    expect(answers[2]).toMatch(/\ntable      0x100061 present accessed dirty\n$/)
    expect(answers[3]).toMatch(/\ntable      0x0\n$/)
    expect(answers[4]).toBe('directory  0x0\ntable      0x0\n')
  })

  it('takes capitals, and refuses what is no address', async () => {
    const { answers } = await session(lines('walk C0100000', 'walk 00ffffffff', 'walk', 'walk -1', 'walk here', 'walk 40z', 'walk 123456789 && echo no'))
    expect(answers[0]).toMatch(/\ntable      0x100061 present accessed dirty\n$/)
    expect(answers[1]).toBe('directory  0x0\ntable      0x0\n')
    expect(answers.slice(2, 7)).toEqual(Array(5).fill('an address is up to eight digits, 0 to f\n'))
  })
})

describe('G:782 touch', () => {
  it.each([1, 8, 512])('%i pages are so many faults, once', async (pages) => {
    const { answers } = await session(lines(`touch ${pages}`))
    expect(answers[0]).toBe(`first: ${pages} faults reached Puppy\nthen: 0 faults reached Puppy\n`)
  })

  it('knows where the heap ends', async () => {
    const { answers } = await session(lines('touch 513 && echo no', 'touch 0'))
    expect(answers[0]).toBe('how many of the 512 pages of heap?\n')
    expect(answers[1]).toMatch(/^first: 0 /)
  })

  it('wants a number', async () => {
    const { answers } = await session(lines('touch', 'touch -1', 'touch all && echo no'))
    expect(answers.slice(0, 3)).toEqual(Array(3).fill('how many of the 512 pages of heap?\n'))
  })
})

describe('G:783 cow', () => {
  it('a child pays for what it writes, and all comes back', async () => {
    const [answer] = (await session(lines('cow'))).answers
    const [[, before], [sharing, faults], [, written, more], [after]] = answer.trimEnd().split('\n').map(numbers)
    expect(written - sharing).toBe(3)
    expect(more - faults).toBe(3)
    expect(sharing - before).toBeLessThan(8)
    expect(after).toBe(before)
  })
})

describe('G:784 calls', () => {
  it('counts what a command asks, single and by the ring', async () => {
    const { answers } = await session(lines('calls echo one', 'calls help', 'calls echo one'))
    const row = (answer: string, name: string): number[] =>
      numbers(new RegExp(`^ .*  ${name}$`, 'm').exec(answer)?.[0] ?? '')
    expect(answers[0]).toMatch(/^one\n single  by ring\n/)
    expect(row(answers[0], 'SEND_DMA')).toEqual([1, 0])
    expect(row(answers[1], 'SEND_DMA')[0]).toBe(answers[1].split(' single')[0].trimEnd().split('\n').length)
    expect(row(answers[0], 'NEW_PGTABLE')[1]).toBeGreaterThan(0)
    expect(answers[2]).toBe(answers[0])
  })

  it('agrees with the Host', async () => {
    const count = async (...given: string[]): Promise<number> => {
      const { err } = await session(lines(...given), ['--stats'])
      return Number(/^ {2}SET_PTE +([\d,]+)/m.exec(err.join('\n'))![1].replace(',', ''))
    }
    const { answers } = await session(lines('calls echo one'))
    const [single, ring] = numbers(/^.*SET_PTE$/m.exec(answers[0])![0])
    const [without, withIt] = [await count('echo'), await count('echo', 'calls echo one')]
    expect(withIt - without).toBeGreaterThanOrEqual(single + ring)
    expect(single + ring).toBeGreaterThan(0)
  })

  it('says if there is no such program', async () => {
    expect((await session(lines('calls nosuch'))).answers[0]).toMatch(/^no such program\n/)
  })
})

describe('G:785 irq, G:786 dma', () => {
  it('count ticks, keys and records', async () => {
    const { answers } = await session(lines('irq; dma', 'sleep 200', 'irq; dma'))
    const irq = (answer: string, number: number): number => Number(new RegExp(`^ +${number} +(\\d+)$`, 'm').exec(answer)?.[1] ?? 0)
    const row = (answer: string, device: string): number[] => numbers(new RegExp(`^.*${device}$`, 'm').exec(answer)![0])
    const [before, , after] = answers
    expect(irq(after, 0) - irq(before, 0)).toBeGreaterThanOrEqual(20)
    for (const [answer, ends] of [[before, 0], [after, 1]] as const) {
      const [bound, , filled] = row(answer, 'console')
      expect(bound).toBe(1)
      expect(irq(answer, 1) - filled, 'the end of the input fills nothing').toBe(ends)
      expect([row(answer, 'card'), row(answer, 'disk')]).toEqual([[0, 0, 0], [0, 0, 0]])
    }
    expect(irq(after, 1)).toBeGreaterThan(irq(before, 1))
    expect(row(after, 'console')[1] - row(before, 'console')[1]).toBeGreaterThan(4)
  })

  it('a disk has its own line', async () => {
    const { answers } = await session(lines('cat x', 'dma'), ['--block', 'disk'])
    expect(answers[1]).toMatch(/^ +1 +1 +1 {2}disk$/m)
  })
})

import { describe, expect, it } from 'vitest'
import { eraA } from '../../generated/abi/era-a.ts'
import { BareKernel } from '../support/puppy.ts'

describe('G:052 the data page', () => {
  const bare = new BareKernel()
  const data = bare.at('lguest_data')

  it('starts with interrupts off, nothing blocked, the ring empty', () => {
    expect(bare.read(data + eraA.data.irqEnabled)).toBe(0)
    expect(bare.read(data + eraA.data.blockedInterrupts)).toBe(0)
    for (let i = 0; i < 64; i += 4) {
      expect(bare.read(data + eraA.data.hcallStatus + i)).toBe(0xffffffff)
    }
  })

  it('names the three instructions that must not be interrupted', () => {
    expect(bare.read(data + eraA.data.noirqStart!)).toBe(bare.at('noirq_start'))
    expect(bare.read(data + eraA.data.noirqEnd!)).toBe(bare.at('noirq_end'))
  })

  it('lies within one page', () => {
    expect(data % 4096 + eraA.data.size).toBeLessThanOrEqual(4096)
  })
})

describe('G:053 the ring', () => {
  const given = { eax: 14, edx: 0x1111, ebx: 0x2222, ecx: 0x3333, esi: 5, edi: 6 }

  it('keeps a call in the order eax, edx, ebx, ecx, and all registers', () => {
    const bare = new BareKernel()
    const after = bare.call('lazy_call', given)
    expect(after).toMatchObject(given)
    const slot = bare.at('lguest_data') + eraA.data.hcalls
    expect([0, 4, 8, 12].map((at) => bare.read(slot + at)))
      .toEqual([14, 0x1111, 0x2222, 0x3333])
    expect(bare.read(bare.at('lguest_data') + eraA.data.hcallStatus) & 0xff).toBe(0)
  })

  it('goes round after 64, and asks directly when it is full', () => {
    const bare = new BareKernel()
    for (let i = 0; i < 64; i++) bare.call('lazy_call', { ...given, eax: i })
    expect(bare.get('ring_next')).toBe(0)
    expect(() => bare.call('lazy_call', given)).toThrow('shutdown')
  })
})

import { describe, expect, test } from 'vitest'
import { eax, ebx, ecx, edi, mem } from '../../generated/assembler/index.ts'
import { Cases } from '../../conformance/cases.ts'
import { allForms } from '../../conformance/forms.ts'
import { Decoder, SHORT } from '../../generated/emulator/decode/decode.ts'
import { CODE, tinyMachine } from '../support/tiny-machine.ts'
import { EIP, SECOND, SplitPages } from './support/split-pages.ts'

const run = (m: ReturnType<typeof tinyMachine>, at = CODE) => {
  m.cpu.eip = at
  expect(m.cpu.run(1e6).reason).toBe('halt')
}

describe('E:460 code that changes', () => {
  test('a program that changes the very next instruction runs the new one', () => {
    const m = tinyMachine((a) => {
      const next = a.label('next')
      a.mov(mem(next, 1).dword, 7).bind(next).mov(eax, 1).hlt()
    })
    run(m)
    expect(m.cpu.reg(0)).toBe(7)
  })
  test('a loop that rewrites its own body sees each new body', () => {
    const m = tinyMachine((a) => {
      const body = a.label('body')
      a.mov(ecx, 100).xor(eax, eax)
      const top = a.here()
      a.mov(mem(body, 1), ecx).bind(body).mov(ebx, 0x11111111).add(eax, ebx)
      a.dec(ecx).jne(top).hlt()
    })
    run(m)
    expect(m.cpu.reg(0)).toBe(5050)
  })
  test('writes by physical address, as a disk makes them, are seen too', () => {
    const m = tinyMachine((a) => { a.mov(eax, 1).hlt() })
    run(m)
    m.physical.write8(CODE + 1, 9)
    run(m)
    expect(m.cpu.reg(0)).toBe(9)
  })
  test('data beside code in one page does not cost the code', () => {
    const m = tinyMachine((a) => {
      const data = a.label('data')
      a.mov(ecx, 1000)
      const top = a.here()
      a.add(mem(data), ecx).dec(ecx).jne(top).mov(eax, mem(data)).hlt()
      a.align(64).bind(data).dd(0)
    })
    run(m)
    expect(m.cpu.reg(0)).toBe(500500)
  })
  test('REP STOS over the code that follows it', () => {
    const m = tinyMachine((a) => {
      const behind = a.label('behind')
      a.mov(edi, behind).mov(ecx, 2).mov(eax, 0xf4f4f4f4).rep().stosd()
      a.bind(behind).mov(ebx, 1).mov(ebx, 1).hlt()
    })
    run(m)
    expect(m.cpu.reg(3)).toBe(0)
  })
})

describe('E:456 across pages', () => {
  /** MOV EAX, imm32 with its last two bytes on the page behind. */
  function split() {
    const m = tinyMachine((a) => { a.hlt() })
    const { physical, cpu } = m
    const tables = 0x20000
    for (let page = 0; page < 256; page++) {
      physical.write32(tables + 0x1000 + page * 4, (page << 12) | 3)
    }
    physical.write32(tables, (tables + 0x1000) | 3)
    physical.writeBytes(0x2ffd, Uint8Array.from([0xb8, 0x11, 0x22]))
    physical.writeBytes(0x3000, Uint8Array.from([0x33, 0x44, 0xf4]))
    physical.writeBytes(0x5000, Uint8Array.from([0x55, 0x66, 0xf4]))
    cpu.cr3 = tables
    cpu.cr0 = 0x80010011
    const map = (to: number) => {
      physical.write32(tables + 0x1000 + 3 * 4, to | 3)
      cpu.cr3 = tables
    }
    return { ...m, map }
  }
  test('an instruction across two pages follows the mapping of the second', () => {
    const m = split()
    run(m, 0x2ffd)
    expect(m.cpu.reg(0)).toBe(0x44332211)
    m.map(0x5000)
    run(m, 0x2ffd)
    expect(m.cpu.reg(0)).toBe(0x66552211)
    m.map(0x3000)
    run(m, 0x2ffd)
    expect(m.cpu.reg(0)).toBe(0x44332211)
  })
  test('a write to its second page is noticed', () => {
    const m = split()
    run(m, 0x2ffd)
    m.physical.write8(0x3000, 0x99)
    run(m, 0x2ffd)
    expect(m.cpu.reg(0)).toBe(0x44992211)
  })
})

describe('E:454 one page, two addresses', () => {
  test('relative code runs wherever its page is mapped', () => {
    const m = tinyMachine((a) => {
      const on = a.label()
      const there = a.label()
      a.call(on).bind(on).pop(eax).jmp(there).align(32).bind(there).hlt()
    })
    const tables = 0x20000
    const { physical, cpu } = m
    for (let page = 0; page < 256; page++) {
      physical.write32(tables + 0x1000 + page * 4, (page << 12) | 3)
    }
    physical.write32(tables + 0x1000 + 0x40 * 4, CODE | 3)
    physical.write32(tables, (tables + 0x1000) | 3)
    cpu.cr3 = tables
    cpu.cr0 = 0x80010011
    run(m)
    expect(cpu.reg(0)).toBe(CODE + 5)
    run(m, 0x40000)
    expect(cpu.reg(0)).toBe(0x40005)
  })
})

describe('E:456 every encoding at every split', () => {
  const seed = 456
  const cases = new Cases(seed, { ring: 0, locks: false, segments: false })
  const decoder = new Decoder()
  const length = (bytes: number[], available: number, mode: number) =>
    decoder.decode(Uint8Array.from([...bytes, ...new Array(15).fill(0)]), 0, available, mode) === SHORT
      ? 0 : decoder.out.length
  const encodings = allForms().flatMap((form) => Array.from({ length: 6 }, () => cases.make(form).bytes))

  test(`is asked for whole, in every mode, seed ${seed}`, () => {
    for (const bytes of encodings) {
      for (const mode of [1, 1 | 2 | 4 | 8, 0]) {
        const whole = length(bytes, 15, mode)
        for (let k = 1; k < whole; k++) {
          expect({ bytes, mode, k, length: length(bytes, k, mode) })
            .toEqual({ bytes, mode, k, length: 0 })
        }
        expect(length(bytes, whole, mode)).toBe(whole)
      }
    }
  })
  test(`does what it does in one page, or faults on the second, seed ${seed}`, () => {
    const pages = new SplitPages()
    let performed = 0
    for (const bytes of encodings.filter((_, n) => n % 3 === 0)) {
      const whole = pages.whole(bytes)
      const size = length(bytes, 15, 1 | 2 | 4)
      for (let k = 1; k < size; k++) {
        for (const second of ['next frame', 'other frame'] as const) {
          expect({ bytes, k, second, ...pages.split(bytes, k, second) })
            .toEqual({ bytes, k, second, ...whole })
        }
        const { reason, eip, cr2 } = pages.split(bytes, k, 'absent')
        expect({ bytes, k, reason, eip, cr2 })
          .toEqual({ bytes, k, reason: 'shutdown', eip: EIP, cr2: SECOND })
        performed += 3
      }
    }
    console.log(`${performed} splits performed, seed ${seed}`)
  }, 60000)
})

describe('E:454 the segment before the page', () => {
  const pages = new SplitPages()
  /** MOV EAX, 1. */
  const bytes = [0xb8, 1, 0, 0, 0]
  test('an instruction that leaves the segment at the page\'s end is #GP, not #PF', () => {
    for (let k = 1; k < 5; k++) {
      expect(pages.split(bytes, k, 'absent', EIP + k - 1)).toMatchObject({ reason: 'shutdown', cr2: 0 })
      expect(pages.split(bytes, k, 'absent', EIP + k)).toMatchObject({ reason: 'shutdown', cr2: SECOND })
    }
  })
  test('so is one that begins behind the limit, on a page that is absent', () => {
    expect(pages.split(bytes, 0, 'absent', EIP - 1)).toMatchObject({ reason: 'shutdown', cr2: 0 })
    expect(pages.split(bytes, 0, 'absent', EIP)).toMatchObject({ reason: 'shutdown', cr2: SECOND })
  })
  test('and one that is known already, when both have changed under it', () => {
    const next = pages.split(bytes, 2, 'next frame')
    expect(next.reason).toBe('budget')
    expect(pages.again('absent', EIP + 1)).toMatchObject({ reason: 'shutdown', cr2: 0 })
  })
})

describe('E:460 what rewriting costs', () => {
  /** How often a loop went round when its owner's timer fired. */
  function rounds(rewrites: boolean, deterministic = false): number {
    const m = tinyMachine((a) => {
      const body = a.label('body'), data = a.label('data')
      const top = a.here()
      a.mov(mem(rewrites ? body : data, 1), ecx).bind(body).mov(ebx, 0).inc(ecx).jmp(top)
      a.align(4096).dd(0).bind(data).dd(0)
    }, { deterministic })
    m.cpu.setReg(1, 0)
    m.cpu.eip = CODE
    m.cpu.setTimer(100_000, 0x20)
    while (m.cpu.pending() < 0) m.cpu.run(100)
    return m.cpu.reg(1)
  }

  test('who rewrites code has a shorter turn, by the same clock', () => {
    expect(rounds(false)).toBeGreaterThan(20_000)
    expect(rounds(true)).toBeLessThan(400)
  })
  test('but not where runs must repeat, on whatever engine', () => {
    expect(rounds(true, true)).toBe(rounds(false, true))
  })
})

import { describe, expect, it } from 'vitest'
import * as state from '../../generated/emulator/state/state.ts'
import { FAULT, GP, fault } from '../../generated/emulator/state/fault.ts'
import { Physical } from '../../generated/emulator/memory/physical.ts'

const { Core, RAM_BASE, CODE_MAP, CODE_HERE } = state

describe('E:005 the one memory', () => {
  it('lays its tables out without overlap', () => {
    const most = CODE_MAP + state.RAM_MOST / 4096
    expect(most).toBeLessThanOrEqual(state.WRITERS * 4)
    expect(state.WRITERS * 4 + state.RAM_MOST / 1024)
      .toBeLessThanOrEqual(RAM_BASE)
    expect(state.TLB_NONE).toBeLessThan(CODE_MAP / 4)
    expect((state.CONTEXTS + state.CONTEXT_COUNT * state.CONTEXT_WORDS))
      .toBeLessThanOrEqual(state.TLBS)
    expect(state.XMM_BYTE + 128).toBeLessThanOrEqual(state.MXCSR * 4)
    expect(RAM_BASE + state.RAM_MOST).toBeLessThan(2 ** 31)
  })

  it('refuses impossible sizes', () => {
    for (const bytes of [0, -4096, 100, 2 ** 32]) {
      expect(() => new Core(bytes)).toThrow(RangeError)
    }
  })

  it('reserves a gigabyte at once', () => {
    expect(new Core(2 ** 30).u8.length).toBe(2 ** 30 + RAM_BASE)
  })
})

describe('E:045 faults', () => {
  it('throws one object that carries vector and code', () => {
    let caught: unknown
    try { fault(GP, 0x18) } catch (e) { caught = e }
    expect(caught).toBe(FAULT)
    expect(FAULT).toEqual({ vector: 13, code: 0x18 })
  })
})

describe('E:050 physical memory', () => {
  it('reads back what it wrote, little-endian and unsigned', () => {
    const memory = new Physical(new Core(65536))
    memory.write32(0x101, 0xfedcba98)
    expect(memory.read32(0x101)).toBe(0xfedcba98)
    expect(memory.read16(0x102)).toBe(0xdcba)
    expect(memory.read8(0x104)).toBe(0xfe)
    memory.writeBytes(0xfff, Uint8Array.of(1, 2, 3))
    expect([...memory.readBytes(0xfff, 3)]).toEqual([1, 2, 3])
    memory.fill(0x1000, 2, 7)
    expect(memory.read32(0xfff)).toBe(0x00070701)
  })

  it('knows its end', () => {
    const memory = new Physical(new Core(65536))
    expect(() => memory.read32(65533)).toThrow(RangeError)
    expect(() => memory.write8(-1, 0)).toThrow(RangeError)
    expect(() => memory.readBytes(65536, 1)).toThrow(RangeError)
    expect(memory.readBytes(65536, 0).length).toBe(0)
  })

  it('announces writes to pages with decoded code, page by page', () => {
    const core = new Core(65536)
    const seen: number[][] = []
    core.codeWrite = (pa, size) => { seen.push([pa, size]) }
    core.u8[CODE_MAP + 1] = CODE_HERE
    core.u8[CODE_MAP + 3] = CODE_HERE
    const memory = new Physical(core)
    memory.fill(0xffe, 0x3000, 0x90)
    expect(seen).toEqual([[0x1000, 0x1000], [0x3000, 0xffe]])
    memory.write8(0x2000, 1)
    expect(seen.length).toBe(2)
  })
})

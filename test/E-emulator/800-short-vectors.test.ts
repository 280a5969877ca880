// Saving the vectors, and who may use them; run as machine code.
import { describe, expect, it } from 'vitest'
import { Machine } from '../../generated/emulator/index.ts'
import { haltingHandlers } from '../support/halting-handlers.ts'
import { randoms } from '../support/native.ts'

const CODE = 0x1000
const DATA = 0x8000

function machine(hex: string, cr0 = 0x31, cr4 = 0x600): Machine {
  const m = new Machine({ ramBytes: 65536 })
  m.cpu.cr0 = cr0
  m.cpu.cr4 = cr4
  m.physical.writeBytes(CODE, Uint8Array.from(Buffer.from(hex.replace(/ /g, '') + 'f4', 'hex')))
  m.cpu.eip = CODE
  haltingHandlers(m)
  m.cpu.setReg(0, DATA)
  return m
}
function trapOf(m: Machine): number {
  let trap = -1
  m.cpu.onTrap = (vector) => { trap = vector }
  expect(m.cpu.run(100).reason).toBe('halt')
  return trap
}

describe('E:803 FXSAVE and FXRSTOR', () => {
  it('give back what they took', () => {
    const r = randoms(1803)
    const image = Uint8Array.from({ length: 512 }, r)
    const view = new DataView(image.buffer)
    view.setUint16(0, 0x37f, true)
    view.setUint16(2, 0x7d3f & 0x7d00, true)
    view.setUint16(6, 0x123, true)
    view.setUint32(24, 0xffbf, true)
    // fxrstor [eax]; fxsave [eax+0x200]; fninit; fxsave [eax+0x400]
    const m = machine('0fae08 0fae80 00020000 dbe3 0fae80 00040000')
    m.physical.writeBytes(DATA, image)
    expect(trapOf(m)).toBe(-1)
    const back = m.physical.readBytes(DATA + 0x200, 512)
    const taken = (bytes: Uint8Array) => [bytes.slice(0, 5), bytes.slice(6, 14), bytes.slice(16, 22), bytes.slice(24, 28),
      ...Array.from({ length: 8 }, (_, n) => bytes.slice(32 + n * 16, 42 + n * 16)), bytes.slice(160, 288)]
    expect(taken(back)).toEqual(taken(image))
    const afterwards = m.physical.readBytes(DATA + 0x400, 512)
    expect([...afterwards.slice(0, 8)]).toEqual([0x7f, 3, 0, 0, 0, 0, 0, 0])
    expect(afterwards.slice(160, 288)).toEqual(image.slice(160, 288))
  })

  it('want alignment, and no unknown bits', () => {
    expect(trapOf(machine('0fae4008'))).toBe(13)
    expect(trapOf(machine('0fae4808'))).toBe(13)
    const m = machine('0fae08')
    m.physical.write32(DATA + 24, 0x10000)
    expect(trapOf(m)).toBe(13)
  })
})

describe('E:801 who may use vectors', () => {
  it('depends on CR0 and CR4', () => {
    const cases: [string, number, number, number][] = [
      ['0f58c1', 0x31, 0x600, -1], ['0f58c1', 0x31, 0, 6], ['0f58c1', 0x35, 0x600, 6], ['0f58c1', 0x39, 0x600, 7],
      ['0ffcc1', 0x31, 0, -1], ['0ffcc1', 0x35, 0, 6], ['0ffcc1', 0x39, 0, 7], ['660ffcc1', 0x31, 0, 6],
      ['0fae00', 0x39, 0x600, 7], ['0fae00', 0x35, 0x600, 7], ['0fae18', 0x31, 0, 6], ['0faee8', 0x39, 0, -1],
      // Nothing of SSE3 and later is offered.
      ['660f7cc1', 0x31, 0x600, 6], ['f20fd0c1', 0x31, 0x600, 6], ['0f3800c1', 0x31, 0x600, 6], ['dd08', 0x31, 0x600, 6], ['0fae28', 0x31, 0x600, 6],
    ]
    for (const [code, cr0, cr4, trap] of cases) expect(trapOf(machine(code, cr0, cr4)), `${code} ${cr0.toString(16)} ${cr4.toString(16)}`).toBe(trap)
  })

  it('reports exceptions as 19, or as 6 to a kernel that does not know 19', () => {
    for (const [cr4, trap] of [[0x600, 19], [0x200, 6]]) {
      // ldmxcsr [eax]; divss xmm0, xmm1: zero by zero
      const m = machine('0fae10 f30f5ec1 ', 0x31, cr4)
      m.physical.write32(DATA, 0x1f00)
      expect(trapOf(m)).toBe(trap)
    }
  })

  it('is what CPUID says', () => {
    const m = machine('b801000000 0fa2')
    expect(trapOf(m)).toBe(-1)
    expect(m.cpu.reg(2) & 0x07880001).toBe(0x07880001)
    expect(m.cpu.reg(1)).toBe(0)
  })

  it('is stopped by an x87 that complains, if it uses MMX', () => {
    // fldenv [eax] with an unmasked flag; paddb
    const m = machine('d920 0ffcc1')
    m.physical.write16(DATA, 0x37e)
    m.physical.write16(DATA + 4, 1)
    expect(trapOf(m)).toBe(16)
  })
})

describe('E:804 stores that cannot be finished', () => {
  // Everything up to 0x8fff is there, and nothing behind it.
  const STORES: [string, string, number][] = [
    ['movups', '0f1100', 0x8ff8], ['movq', '660fd600', 0x8ffc], ['movq mm', '0f7f00', 0x8ffc], ['movlps', '0f1300', 0x8ffa],
    ['fstp double', 'dd18', 0x8ffc], ['fstp ten', 'db38', 0x8ff8], ['fbstp', 'df30', 0x8ff8], ['fistp quad', 'df38', 0x8ffd],
    ['fnsave', 'dd30', 0x8ff0], ['fnstenv', 'd930', 0x8ff0], ['fxsave', '0fae00', 0x8ff0], ['maskmovdqu', '660ff7c9', 0x8ff8],
  ]
  it.each(STORES)('%s', (_, code, address) => {
    // fninit; fld1; pcmpeqb xmm0..1; then the store at [eax], where a fault ends it
    const m = machine(`dbe3 d9e8 660f74c0 660f74c9 ${code}`, 0x31)
    for (let page = 0; page < 9; page++) m.physical.write32(0x6000 + page * 4, page << 12 | 3)
    m.physical.write32(0x5000, 0x6003)
    m.cpu.cr3 = 0x5000
    m.cpu.cr0 = 0x80000031
    m.cpu.setReg(0, address)
    m.cpu.setReg(7, address)
    expect(trapOf(m)).toBe(14)
    expect(m.cpu.cr2).toBe(0x9000)
    expect([...m.physical.readBytes(0x8fe0, 32)]).toEqual(new Array(32).fill(0))
    // The handler finds the 1 still on the stack: fstp dword [0x7800]
    m.physical.writeBytes(0x4100, Uint8Array.of(0xd9, 0x1d, 0, 0x78, 0, 0, 0xf4))
    m.cpu.eip = 0x4100
    expect(m.cpu.run(10).reason).toBe('halt')
    expect(m.physical.read32(0x7800)).toBe(0x3f800000)
  })
})

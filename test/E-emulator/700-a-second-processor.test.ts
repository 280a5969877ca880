// The x87 as a kernel meets it, run as machine code.
import { describe, expect, it } from 'vitest'
import { Machine } from '../../generated/emulator/index.ts'
import { haltingHandlers } from '../support/halting-handlers.ts'

const CODE = 0x1000
const DATA = 0x8000

function machine(hex: string, cr0 = 0x31): Machine {
  const m = new Machine({ ramBytes: 65536 })
  m.cpu.cr0 = cr0
  m.physical.writeBytes(CODE, Uint8Array.from(Buffer.from(hex.replace(/ /g, '') + 'f4', 'hex')))
  m.cpu.eip = CODE
  return m
}
function trapsOf(m: Machine): number[] {
  const traps: number[] = []
  m.cpu.onTrap = (vector) => { traps.push(vector) }
  haltingHandlers(m)
  m.cpu.run(100)
  return traps
}
const at = DATA.toString(16).padStart(4, '0')
const ABS = `${at.slice(2)}${at.slice(0, 2)}0000`

describe('E:702 status and control', () => {
  it('are as after a reset once FNINIT was there', () => {
    const m = machine(`dbe3 dd3d${ABS} d93d 04800000 dfe0`)
    m.physical.write16(DATA, 0x5a5a)
    m.cpu.setReg(0, 0xffffffff)
    expect(m.cpu.run(100).reason).toBe('halt')
    expect([m.physical.read16(DATA), m.physical.read16(DATA + 4), m.cpu.reg(0)]).toEqual([0, 0x37f, 0xffff0000])
  })

  it('keep a control word, with its useless bit', () => {
    const m = machine(`d92d${ABS} d93d 04800000`)
    m.physical.write16(DATA, 0xffbf)
    m.cpu.run(100)
    expect(m.physical.read16(DATA + 4)).toBe(0x1f7f)
  })
})

describe('E:703 permission', () => {
  it('is refused by EM and TS, to WAIT only by MP and TS', () => {
    const cases: [number, string, number[]][] = [
      [0x31, 'dbe3', []], [0x35, 'dbe3', [7]], [0x39, 'dbe3', [7]], [0x39, '9b', []],
      [0x3b, '9b', [7]], [0x33, '9b', []], [0x39, 'dfe0', [7]], [0x35, `d92d${ABS}`, [7]],
    ]
    for (const [cr0, code, traps] of cases) {
      expect(trapsOf(machine(code, cr0)).slice(0, 1), code).toEqual(traps)
    }
  })

  it('complains late, and only if NE is set', () => {
    // Flags an invalid operation, unmasked, through FLDENV; then WAIT.
    for (const [cr0, code, traps] of [[0x31, '9b', [16]], [0x11, '9b', []], [0x31, 'dbe3', []], [0x31, 'dbe2 9b', []]] as const) {
      const m = machine(`d925${ABS} ${code}`, cr0)
      m.physical.write16(DATA, 0x37e)
      m.physical.write16(DATA + 4, 1)
      m.physical.write16(DATA + 8, 0xffff)
      expect(trapsOf(m).slice(0, 1)).toEqual(traps)
    }
  })
})

describe('E:706 the environment', () => {
  it('comes back as it went, in both widths', () => {
    const words = [0x37f, 0x7d41, 0x1bff, 0x12345678, 0x2340060, 0x87654321, 0x2b]
    const m = machine(`d925${ABS} d935 00810000`)
    words.forEach((w, n) => m.physical.write32(DATA + n * 4, w))
    m.cpu.run(100)
    const back = words.map((_, n) => m.physical.read32(0x8100 + n * 4))
    // Registers are zero, so what is in use is tagged as zero.
    expect(back).toEqual([0xffff037f, 0xffff7d41, 0xffff57ff, 0x12345678, 0x2340060, 0x87654321, 0xffff002b])
    const n = machine(`66d925${ABS} 66d935 00810000 d93d00820000`)
    words.forEach((w, i) => n.physical.write16(DATA + i * 2, w & 0xffff))
    n.cpu.run(100)
    expect(words.map((_, i) => n.physical.read16(0x8100 + i * 2))).toEqual([0x37f, 0x7d41, 0x57ff, 0x5678, 0x60, 0x4321, 0x2b])
    expect(n.physical.read16(0x8200)).toBe(0x37f)
  })

  it('is followed by the registers in FNSAVE, which starts afresh', () => {
    const m = machine(`dd25${ABS} dd35 00810000 dfe0`)
    const image = Uint8Array.from({ length: 108 }, (_, i) => i * 7 + 3)
    image.set([0x7f, 3, 0xff, 0xff, 0, 0x18, 0xff, 0xff, 0, 0, 0xff, 0xff])
    image.set([0, 0, 0xff, 0xff], 24 + 0)
    image.set([1, 2, 3, 4, 5, 6, 7, 0x80, 0xff, 0x3f], 28)
    m.physical.writeBytes(DATA, image)
    m.cpu.run(100)
    expect(m.physical.readBytes(0x8100 + 28, 80)).toEqual(image.slice(28))
    expect(m.physical.read16(0x8104)).toBe(0x1800)
    expect(m.cpu.reg(0)).toBe(0)
  })
})

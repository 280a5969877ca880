/** One instruction inside a page, or across the end of one. */
import { Machine } from '../../../generated/emulator/index.ts'

const TABLES = 0x20000
const TABLE = 0x21000
const DATA = 0x22000
/** Linear pages: the instruction's first and second, and one for whole ones. */
const FIRST = 0x40000
const WHOLE = 0x50000
/** Offset of the instruction in its code segment, wherever that begins. */
export const EIP = 0x2000
export const SECOND = FIRST + 4096

export type Second = 'next frame' | 'other frame' | 'absent'
const FRAMES_IN_ALL = 0x62
const FRAMES: Record<Second, number> = { 'next frame': 0x41003, 'other frame': 0x61003, absent: 0 }

/** A machine with paging and no handlers: what faults shuts down. */
export class SplitPages {
  private readonly machine = new Machine({ ramBytes: FRAMES_IN_ALL << 12, deterministic: true })
  private readonly fresh: Uint8Array

  constructor() {
    const { physical, cpu } = this.machine
    for (let page = 0; page < FRAMES_IN_ALL; page++) {
      physical.write32(TABLE + page * 4, (page << 12) | 3)
    }
    physical.write32(TABLES, TABLE | 3)
    physical.fill(DATA, 4096, 0x5a)
    cpu.cr3 = TABLES
    cpu.cr4 = 0x600
    cpu.cr0 = 0x80010031
    this.fresh = cpu.saveState()
  }

  /** Performs `bytes` in the middle of a page. */
  whole(bytes: number[], limit = 0xffffffff) {
    this.machine.cpu.loadState(this.fresh)
    this.machine.physical.writeBytes(WHOLE, Uint8Array.from(bytes))
    return this.perform(WHOLE, limit)
  }
  /** The same with the first `k` on one page and the rest on another. */
  split(bytes: number[], k: number, second: Second, limit = 0xffffffff) {
    const { physical, cpu } = this.machine
    cpu.loadState(this.fresh)
    const frame = FRAMES[second]
    physical.writeBytes(FIRST + 4096 - k, Uint8Array.from(bytes.slice(0, k)))
    if (frame !== 0) physical.writeBytes(frame & ~4095, Uint8Array.from(bytes.slice(k)))
    if (second === 'other frame') physical.fill(SECOND, 16, 0xcc)
    physical.write32(TABLE + (SECOND >> 12) * 4, frame)
    return this.perform(FIRST + 4096 - k, limit)
  }

  /** The last split once more, its code still known, in other surroundings. */
  again(second: Second, limit: number) {
    const { cpu, physical } = this.machine
    physical.write32(TABLE + (SECOND >> 12) * 4, FRAMES[second])
    cpu.cr3 = TABLES
    return this.perform(cpu.segment(1).base + EIP, limit)
  }

  private perform(at: number, limit: number) {
    const { cpu, physical } = this.machine
    cpu.setSegment(1, { selector: 8, base: at - EIP, limit, flags: 0xc09b })
    for (let r = 0; r < 8; r++) cpu.setReg(r, r === 1 ? 3 : DATA + 0x100 + r * 0x80)
    cpu.eip = EIP
    const { reason } = cpu.run(1)
    const floats = Buffer.from(cpu.saveFpu()).toString('hex')
    const registers = Array.from({ length: 8 }, (_, r) => cpu.reg(r))
    const data = Buffer.from(physical.readBytes(DATA, 4096)).toString('base64')
    return { reason, eip: cpu.eip, cr2: cpu.cr2, eflags: cpu.eflags, registers, floats, data,
      selectors: Array.from({ length: 6 }, (_, i) => cpu.segment(i).selector) }
  }
}

import type { Machine } from '../../generated/emulator/index.ts'

/** Gives a machine a flat code segment, a stack, and a handler for each exception: a HLT. */
export function haltingHandlers({ physical, cpu }: Machine): void {
  physical.write32(0x2008, 0xffff)
  physical.write32(0x200c, 0xcf9b00)
  cpu.gdtr = { base: 0x2000, limit: 23 }
  cpu.idtr = { base: 0x3000, limit: 0xff }
  for (let v = 0; v < 32; v++) {
    physical.write32(0x3000 + v * 8, 0x00084000)
    physical.write32(0x3004 + v * 8, 0x8e00)
  }
  physical.write8(0x4000, 0xf4)
  cpu.setReg(4, 0x7000)
}

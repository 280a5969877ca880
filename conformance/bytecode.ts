/** Makes an interpreter and runs one instruction, so that node compiles it. */
import { Machine } from '../generated/emulator/index.ts'

const machine = new Machine({ ramBytes: 1 << 20 })
machine.physical.write8(0x1000, 0xf4)
machine.cpu.eip = 0x1000
machine.cpu.run(10)

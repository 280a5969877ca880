import { Machine } from '../../../generated/emulator/index.ts'
import { slice, type Execution } from '../../../generated/emulator/run/run.ts'
import type { Core } from '../../../generated/emulator/state/state.ts'
import { compileBlock, perform, surroundings } from '../../../generated/emulator/run/compile.ts'

/** A flat machine with its code at 0x1000, and a block of it compiled. */
export function compiled(bytes: number[]) {
  const machine = new Machine({ ramBytes: 1 << 20, deterministic: true })
  const { cpu, physical } = machine
  const { core, execution } = cpu as unknown as { core: Core, execution: Execution }
  physical.writeBytes(0x1000, Uint8Array.from(bytes))
  cpu.eip = 0x1000
  const s = surroundings(core, execution.cache)
  const block = compileBlock(s, execution.cache.find(0x1000, 0))
  return { cpu, physical, core, enter: () => slice(core, () => perform(s, block) & 1, 0, 1000), block }
}

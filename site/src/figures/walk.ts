/** What `walk` prints of Puppy's own tables, and beside it what the Host has put in their place. */
import { lgread32 } from '../../../generated/host/guest-memory.ts'
import type { LgCpu } from '../../../generated/host/lg.ts'
import { camera, entry, guestEntry, hex, mostSteps, shadowEntry, type Camera, type Step } from './camera.ts'
import { sentText } from './sent.ts'

/** The command as Puppy echoes it, and all of its answer. */
const answered = /walk ([\da-f]+)\s[^]*table +0x[\da-f]+/

/** The addresses are read from the console, as a reader would. */
export function walk(): Camera {
  let printed = ''
  return camera(['address', 'which table', 'Puppy’s entry', 'its shadow', 'told at'], (figure, self) => ({
    hypercall(cpu, name, [, record]) {
      if (name !== 'SEND_DMA' || !self.on) return
      printed += sentText(cpu.lg, record)
      const found = answered.exec(printed)
      if (!found) return
      printed = ''
      if (figure.steps.length < mostSteps) figure.steps.push(...bothWays(cpu, parseInt(found[1], 16)))
    },
  }))
}

function bothWays(cpu: LgCpu, va: number): Step[] {
  const { gpgdir, pgdir } = cpu.lg.pgdirs[cpu.current]
  const upper = (va >>> 22) * 4
  return [
    step(va, 'directory', lgread32(cpu.lg, gpgdir + upper), cpu.lg.host.physical.read32(pgdir + upper), 'H:320'),
    step(va, 'table', guestEntry(cpu, va), shadowEntry(cpu, va), 'H:330'),
  ]
}

function step(va: number, which: string, guest: number, shadow: number, tag: string): Step {
  const own = guest & 1 ? `leads to ${hex(guest & ~0xfff)} of its memory` : 'has nothing'
  const beside = shadow & 1 ? `The processor looks at the Host’s instead, which leads to ${hex(shadow & ~0xfff)} of the machine’s.`
    : guest & 1 ? 'The Host has no shadow of that: nobody has come this way since the last flush.' : 'So has the Host’s.'
  return {
    cells: [hex(va), which, entry(guest), entry(shadow), tag],
    words: `For ${hex(va)} Puppy’s ${which} ${own}. ${beside}`,
  }
}

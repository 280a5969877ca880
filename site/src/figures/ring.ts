/** A virtqueue going round: a buffer is offered, the Launcher is told, the buffer comes back used. */
import { lgread, lgread32 } from '../../../generated/host/guest-memory.ts'
import type { Lguest } from '../../../generated/host/lg.ts'
import { camera, hex, mostSteps, type Camera, type Step } from './camera.ts'
import { availableAt, entries, usedAt } from './ring-layout.ts'

/** A Guest that has nothing else to do is seen from its first call on. */
export function ring(): Camera {
  let told: number | undefined
  return camera(['what', 'where', 'offered', 'used', 'what is in it'], (figure, self) => {
    self.once = true
    const tell = (...steps: Step[]) => {
      if (figure.steps.length + steps.length <= mostSteps) figure.steps.push(...steps)
    }
    return {
      hypercall({ lg }, name, [at]) {
        if (name !== 'NOTIFY') return
        told = at
        tell(...offered(lg, at))
      },
      entering({ lg }) {
        if (told === undefined) return
        tell(used(lg, told))
        told = undefined
      },
    }
  })
}

const lgread16 = (lg: Lguest, at: number) => new DataView(Uint8Array.from(lgread(lg, at, 2)).buffer).getUint16(0, true)

const indexes = (lg: Lguest, at: number) => [lgread16(lg, at + availableAt + 2), lgread16(lg, at + usedAt + 2)].map(String)

function offered(lg: Lguest, at: number): Step[] {
  const [now, back] = indexes(lg, at)
  const slot = at + availableAt + 4 + (Number(now) - 1) % entries * 2
  const head = lgread16(lg, slot)
  const descriptor = at + 16 * head
  const [address, length] = [lgread32(lg, descriptor), lgread32(lg, descriptor + 8)]
  const what = `“${String.fromCharCode(...lgread(lg, address, Math.min(length, 40))).replaceAll('\n', '↵')}”`
  const before = String(Number(now) - 1)
  return [
    { cells: [`descriptor ${head}`, hex(descriptor), before, back, `${hex(address)}, ${length} bytes`],
      words: `The Guest fills descriptor ${head}, at ${hex(descriptor)}: ${length} bytes at ${hex(address)}, ${what}.` },
    { cells: ['offered', hex(slot), now, back, `descriptor ${head}`],
      words: `It writes the descriptor’s number into the available ring, at ${hex(slot)}, and then raises the index to ${now}.` },
    { cells: ['NOTIFY', hex(at), now, back, what],
      words: `One hypercall, NOTIFY with the address of the ring, tells the Launcher to look. ${now} offered, ${back} used: there is work.` },
  ]
}

function used(lg: Lguest, at: number): Step {
  const [now, back] = indexes(lg, at)
  const entry = at + usedAt + 4 + (Number(back) - 1) % entries * 8
  const [head, written] = [lgread32(lg, entry), lgread32(lg, entry + 4)]
  return { cells: ['given back', hex(entry), now, back, `descriptor ${head}, ${written} bytes written`],
    words: `The Launcher has printed the bytes. Into the used ring, at ${hex(entry)}, it writes descriptor ${head}, with ${written} bytes written into it, and raises that index to ${back}. The descriptor is the Guest’s again.` }
}

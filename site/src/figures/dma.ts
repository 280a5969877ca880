/** Buffers of 2007: one that was bound and is filled, one that is sent; and what the used length says. */
import { lgread32 } from '../../../generated/host/guest-memory.ts'
import type { LgCpu, Lguest } from '../../../generated/host/lg.ts'
import { lguestDma } from '../../../generated/abi/era-a.ts'
import { camera, hex, type Camera, type Step } from './camera.ts'
import { sentText } from './sent.ts'

/** Everything in it happens again and again. */
const mostSteps = 11

interface Bound { key: number, records: number, count: number }

/** Arrays are bound once, at the boot, before anybody looks: that is noted all the same. */
export function dma(): Camera {
  const bound = new Map<number, Bound>()
  let sent: number | undefined
  return camera(['what', 'where', 'used length', 'what is in it'], (figure, self) => {
    const tell = (steps: Step[]) => {
      if (self.on && figure.steps.length + steps.length <= mostSteps) figure.steps.push(...steps)
    }
    return {
      hypercall(cpu, name, [key, records, packed]) {
        if (name === 'BIND_DMA') bound.set(packed & 0xff, { key, records, count: packed >>> 8 & 0xffff })
        if (name !== 'SEND_DMA' || !self.on) return
        tell([sending(cpu.lg, key, records)])
        sent = records
      },
      entering({ lg }) {
        if (sent === undefined) return
        tell([taken(lg, sent)])
        sent = undefined
      },
      interrupt(cpu, irq) {
        const array = bound.get(irq)
        if (array) tell(filled(cpu, irq, array))
      },
    }
  })
}

function sending(lg: Lguest, key: number, record: number): Step {
  const what = text(lg, record)
  return {
    cells: [`SEND_DMA to key ${hex(key)}`, hex(record), String(used(lg, record)), what],
    words: `Puppy makes a record at ${hex(record)} that points to its bytes, ${what}, and sends it to key ${hex(key)}. Its used length is ${used(lg, record)}.`,
  }
}

function taken(lg: Lguest, record: number): Step {
  return {
    cells: ['the Launcher has taken it', hex(record), String(used(lg, record)), ''],
    words: `The Launcher has printed what the record pointed to, and wrote how many bytes it took: ${used(lg, record)}. Puppy goes on.`,
  }
}

/** What lies in an array, bound before, whose interrupt comes. */
function filled({ lg }: LgCpu, irq: number, { key, records, count }: Bound): Step[] {
  return Array.from({ length: count }, (_, i) => records + i * lguestDma.size).filter((at) => used(lg, at) > 0).map((at) => ({
    cells: [`bound to key ${hex(key)}, interrupt ${irq}`, hex(at), String(used(lg, at)), text(lg, at, used(lg, at))],
    words: `Puppy bound this record to key ${hex(key)} when it booted. Keys came: the Launcher put ${text(lg, at, used(lg, at))} where the record points, wrote ${used(lg, at)} as its used length, and interrupt ${irq} tells Puppy.`,
  }))
}

const used = (lg: Lguest, record: number) => lgread32(lg, record + lguestDma.usedLen)

/** The bytes that a record points to, as people read them. */
function text(lg: Lguest, record: number, most = 40): string {
  const bytes = sentText(lg, record, most)
  return `“${[...bytes.slice(0, most)].map((letter) => letter < ' ' ? letter === '\n' ? '↵' : '·' : letter).join('')}”`
}

/** One address through the four address spaces: both ways from where a program reads to the frame that holds it. */
import { lgread32 } from '../../../generated/host/guest-memory.ts'
import type { LgCpu } from '../../../generated/host/lg.ts'
import { camera, entry, hex, type Camera, type Step } from './camera.ts'

const pageFault = 14
const fromProgram = 4
const frame = (value: number) => (value & ~0xfff) >>> 0

/** The first page that the Host maps for a program. */
export function spaces(): Camera {
  return camera(['whose', 'where', 'what is there', 'told at'], (figure, self) => ({
    trap(cpu, trap, settled) {
      if (!self.on || figure.steps.length > 0 || trap !== pageFault || !settled) return
      if (cpu.reg('errcode') & fromProgram) figure.steps.push(...followed(cpu, cpu.faultAddress))
    },
  }))
}

function followed({ lg, current }: LgCpu, va: number): Step[] {
  const { gpgdir, pgdir } = lg.pgdirs[current]
  const { physical } = lg.host
  const [upper, lower, within] = [va >>> 22, va >>> 12 & 0x3ff, va & 0xfff]
  const top = lgread32(lg, gpgdir + upper * 4)
  const leaf = lgread32(lg, frame(top) + lower * 4)
  const guest = frame(leaf) + within
  const launcher = lg.mm.base + guest
  const host = lg.mm.frameOf(launcher >>> 12, false) + within
  const shadowTop = physical.read32(pgdir + upper * 4)
  const shadow = physical.read32(frame(shadowTop) + lower * 4)
  const step = (whose: string, where: string, what: string, tag: string, words: string) => ({ cells: [whose, where, what, tag], words })
  return [
    step('Guest virtual', hex(va), `${upper} · ${lower} · ${within}`, 'B:000',
      `A program uses ${hex(va)}: entry ${upper} of the directory, entry ${lower} of a table, byte ${within} of a page.`),
    step('the Guest’s directory', `${hex(gpgdir)} + 4 × ${upper}`, entry(top), 'G:200',
      `Puppy’s directory lies at ${hex(gpgdir)} of its memory. Entry ${upper} leads to a table at ${hex(frame(top))}.`),
    step('the Guest’s table', `${hex(frame(top))} + 4 × ${lower}`, entry(leaf), 'G:250',
      `Entry ${lower} of that table leads to the page at ${hex(frame(leaf))}.`),
    step('Guest physical', hex(guest), 'what Puppy takes for memory', 'H:300',
      `So Puppy means byte ${hex(guest)} of its memory. No processor has looked at any of this: it was the Host that read it.`),
    step('Launcher', hex(launcher), 'the same number: era A begins at 0', 'L:300',
      `Its memory is a piece of the Launcher’s, from ${hex(lg.mm.base)} on, which makes it address ${hex(launcher)} there.`),
    step('Host frame', hex(host), 'what the memory is', 'H:300',
      `Under that page of the Launcher lies the frame at ${hex(frame(host))}; byte ${hex(host)} is the one.`),
    step('the shadow directory', `${hex(pgdir)} + 4 × ${upper}`, entry(shadowTop), 'H:330',
      `The Host writes that into tables of its own. Entry ${upper} of the shadow directory leads to a shadow table at ${hex(frame(shadowTop))}.`),
    step('the shadow table', `${hex(frame(shadowTop))} + 4 × ${lower}`, entry(shadow), 'H:330',
      `Its entry ${lower} names the frame at ${hex(frame(shadow))}. This is what the processor looks at: from ${hex(va)} to ${hex(host)} in one walk.`),
  ]
}

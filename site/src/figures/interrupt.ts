/** One interrupt: the Guest as it was left, its gate, the frame on its stack, and where it goes on. */
import type { LgCpu } from '../../../generated/host/lg.ts'
import { camera, hex, stackWord, type Camera, type Step } from './camera.ts'

const registers = ['eip', 'cs', 'esp', 'eflags'] as const
const firstVector = 32

export function interrupt(): Camera {
  let was: Record<string, number> | undefined
  let irq: number | undefined
  return camera(['', 'value', 'what it is'], (figure, self) => ({
    left(cpu) { was = Object.fromEntries(registers.map((name) => [name, cpu.reg(name)])) },
    interrupt(_cpu, number) { if (self.on && figure.steps.length === 0) irq = number },
    entering(cpu) {
      if (irq === undefined || !was) return
      figure.steps.push(...delivery(cpu, irq, was))
      irq = undefined
    },
  }))
}

function delivery(cpu: LgCpu, irq: number, was: Record<string, number>): Step[] {
  const vector = irq + firstVector
  const [low, high] = [cpu.idt[vector * 2], cpu.idt[vector * 2 + 1]]
  const gate = ((high & 0xffff0000) | (low & 0xffff)) >>> 0
  const inProgram = (was.cs & 3) === 3
  const names = ['eip', 'cs', 'eflags', ...(inProgram ? ['esp', 'ss'] : [])]
  const frame = names.map((name, i) => ({ name, at: cpu.reg('esp') + i * 4, value: stackWord(cpu, cpu.reg('esp') + i * 4) })).reverse()
  const step = (cells: string[], words: string) => ({ cells, words })
  return [
    step(['eip', hex(was.eip), 'where the Guest was stopped'], `The Guest was stopped at ${hex(was.eip)}, in ring ${was.cs & 3}.`),
    step(['esp', hex(was.esp), 'its stack, then'], `Its stack ended at ${hex(was.esp)}.`),
    step([`gate ${vector}`, hex(gate), `interrupt ${irq}, of the Guest’s own table`],
      `Interrupt ${irq} is vector ${vector}. The Guest’s gate for it, as the Host remembers it, leads to ${hex(gate)}.`),
    ...frame.map(({ name, at, value }) => step([hex(at), hex(value), `pushed: ${name}`],
      `The Host pushes ${name}, ${hex(value)}, onto the Guest’s stack, as a processor would.`)),
    step(['esp', hex(cpu.reg('esp')), 'its stack, now'], `The stack ends at ${hex(cpu.reg('esp'))} now.`),
    step(['eip', hex(cpu.reg('eip')), 'where it goes on'], `The Guest is entered at ${hex(cpu.reg('eip'))}, and finds itself in its handler.`),
  ]
}

/** One trip through the Switcher, instruction by instruction: into the Guest, and out of it again. */
import { SWITCHER_ADDR } from '../../../generated/abi/common.ts'
import type { LgCpu } from '../../../generated/host/lg.ts'
import { camera, hex, type Camera, type Step } from './camera.ts'
import { switcherLines } from './switcher-lines.ts'

type Processor = LgCpu['lg']['host']['cpu']

const page = 0x1000
const names = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi']
const stack = 4

/** Why a line of the Switcher stands there, by how the line begins; the first that fits. */
const reasons: [RegExp, string][] = [
  [/^mov esp/, 'back on the Host’s stack'],
  [/^lea esp/, 'the register record becomes the stack'],
  [/^mov \[eax.*esp/, 'where the Host’s stack ends is noted'],
  [/^lgdt/, 'another table of descriptors'],
  [/^lidt/, 'another table of gates'],
  [/^ltr/, 'another task state, for its stack of ring 0'],
  [/^and byte/, 'a task that is not marked busy can be loaded again'],
  [/^mov cr3/, 'the address space changes under our feet; this page is in both'],
  [/^add esp/, 'over the trap number and the error code'],
  [/^and eax/, 'the two pages begin where this one does'],
  [/^mov ebx/, 'the number of the trap'],
  [/^mov ds/, 'a data segment that can be trusted'],
  [/^mov edx, \[/, 'an address that was noted before'],
  [/^mov edx, 0x/, 'a selector to load'],
  [/^mov eax, esp/, 'to find where we are'],
  [/^cmp ebx/, 'was it our own iret that failed?'],
  [/^j\w/, 'on to where it is dealt with, or not'],
  [/^push (0x|\d)/, 'which door this was'],
  [/^push/, 'one word onto the stack'],
  [/^pop/, 'one word from the stack'],
  [/^iret/, 'everything at once: address, ring, flags, stack'],
]

export function worldSwitch(): Camera {
  return camera(['address', 'instruction', 'esp', 'cr3', 'ring', 'what it does'], (figure, self) => ({
    entering({ lg }) {
      if (!self.on || figure.steps.length > 0) return
      const { cpu } = lg.host
      const run = cpu.run
      cpu.run = (budget) => {
        cpu.run = run
        return slowly(cpu, budget, (step) => figure.steps.push(step))
      }
    },
  }))
}

/** Runs as `run` does, a step at a time, and tells each that is the Switcher's; what the Guest does is one. */
function slowly(cpu: Processor, budget: number, tell: (step: Step) => void): ReturnType<Processor['run']> {
  const lines = switcherLines()
  let guest = 0
  for (let left = budget; left > 0; left--) {
    const before = look(cpu)
    const exit = cpu.run(1)
    if (isOurs(before.eip)) tell(told(lines[before.eip - SWITCHER_ADDR] ?? '', before, look(cpu)))
    else if (before.ring > 0) guest++
    if (guest > 0 && isOurs(cpu.eip)) {
      tell(visit(guest, before, look(cpu)))
      guest = 0
    }
    if (exit.reason !== 'budget') return exit
  }
  return { reason: 'budget' }
}

const isOurs = (eip: number) => eip >= SWITCHER_ADDR && eip < SWITCHER_ADDR + page

interface Look { eip: number, cr3: number, ring: number, registers: number[] }

const look = (cpu: Processor): Look =>
  ({ eip: cpu.eip, cr3: cpu.cr3, ring: cpu.cpl, registers: names.map((_, i) => cpu.reg(i)) })

/** One line: where the stack and the tables are after it, and what has changed. */
function told(text: string, before: Look, after: Look): Step {
  const changed = names.flatMap((name, i) => i !== stack && before.registers[i] !== after.registers[i]
    ? [`${name} = ${hex(after.registers[i])}`] : [])
  if (before.ring !== after.ring) changed.push(`ring ${before.ring} to ring ${after.ring}`)
  const why = reasons.find(([begins]) => begins.test(text))?.[1]
  return {
    cells: [hex(before.eip), text, hex(after.registers[stack]), hex(after.cr3), String(after.ring), [why, ...changed].filter(Boolean).join('; ')],
    words: `${text} (${[why, ...changed].filter(Boolean).join('; ')}).`,
  }
}

function visit(count: number, before: Look, after: Look): Step {
  const much = count === 1 ? 'one instruction' : `${count} instructions`
  return {
    cells: [hex(before.eip), `the Guest: ${much}`, hex(after.registers[stack]), hex(after.cr3), String(after.ring), 'a trap; the processor pushed where the Guest was, on the stack of ring 0'],
    words: `The Guest runs ${much}, up to ${hex(before.eip)}. Then a trap: the processor goes to ring 0, takes the stack that the task state names, and pushes where the Guest was.`,
  }
}

/** Runs cases on both machines and tells where they differ. */
import {
  Cases, hasFloats, testableForms, type Case, type Choice,
} from './cases.ts'
import { REGISTERS, SEGMENTS, deviations } from './differences.ts'
import { Random } from './random.ts'
import { hex } from './words.ts'
import { Oracle, type Answer, type Introduction, type OracleName } from './oracle.ts'
import { reasonFor } from './reasons.ts'
import { Subject } from './subject.ts'
import { isUndefined } from './undefined.ts'
import type { Form } from '../generated/emulator/isa/forms.ts'
import {
  DATA_SIZE, FS_SELECTOR, GS_SELECTOR, LOCALS, MISSING, READ_ONLY,
  systemImage, userDescriptors,
} from './world.ts'

/** `known`: why it may stand; empty: it may not. */
export interface Difference { test: Case, what: string, known: string }
export interface Report {
  cases: number
  /** Encodings that ran, by name and opcode. */
  forms: number
  faults: number
  differences: Difference[]
}

/** What an oracle cannot be asked. */
const UNFIT: Record<OracleName, RegExp> = {
  // they change the system, which Unicorn does not put back, or its time
  unicorn: new RegExp('^(movTo|movFrom|popSegment|loadFar|far|iret|int|lgdt'
    + '|lidt|lmsw|lldt|ltr|cli$|sti$|clts|hlt|in$|out$|ins|outs|invlpg|wbinvd'
    + '|rd|wrmsr|cpuid|sys|smsw|pushSegment1|ud)'),
  // they show the trap flag that makes it stop, or the house it runs in
  native: new RegExp('^(pushf|int1|sgdt|sidt|smsw|sldt|str|rdtsc|rdpmc|cpuid'
    + '|sysenter|sysexit|rdmsr|wrmsr'
    // --floats compares these, which may differ in the last place
    + '|fsin|fcos|fsincos|fptan|fpatan|f2xm1|fyl2x|fyl2xp1|rcp.*|rsqrt.*)$'),
}

const CHOICES: Record<OracleName, Choice> = {
  native: { ring: 3, locks: true, segments: true },
  unicorn: { ring: 0, locks: false, segments: false },
}

function chosenForms(name: OracleName, pattern: RegExp): Form[] {
  const forms = testableForms().filter((form) =>
    pattern.test(form.instruction.name)
    && !UNFIT[name].test(form.instruction.name)
    // its floating point is a program as well, and hardware is asked already
    && !(name === 'unicorn' && hasFloats(form)))
  if (forms.length === 0) throw new Error('no instruction is called that')
  return forms
}

/** Compares `total` cases, encodings in turn. */
export async function compare(name: OracleName, path: string, seed: number,
  total: number, pattern = /./, progress = (_done: number) => {}):
  Promise<Report> {
  const forms = chosenForms(name, pattern)
  const cases = new Cases(seed, CHOICES[name])
  const side = await Sides.start(name, path, seed)
  const report: Report =
    { cases: 0, forms: forms.length, faults: 0, differences: [] }
  while (report.cases < total) {
    const batch: Case[] = []
    while (batch.length < Math.min(500, total - report.cases)) {
      const form = forms[(report.cases + batch.length) % forms.length]
      const test = cases.make(form)
      if (test.bytes.length <= 15) batch.push(test)
    }
    await side.run(batch, report)
    report.cases += batch.length
    progress(report.cases)
  }
  side.close()
  return report
}

/** One for all comparisons: a machine is not cheap. */
let theSubject: Subject | null = null

/** The two machines and the memory both should have. */
class Sides {
  private readonly name: OracleName
  private readonly oracle: Oracle
  private readonly subject = theSubject ??= new Subject()
  private readonly expected: Uint8Array
  processor: Introduction | null = null

  private constructor(name: OracleName, path: string, seed: number) {
    this.name = name
    const random = new Random(seed + 1)
    const { data } = this.subject
    for (let i = 0; i < data.length; i++) data[i] = random.int()
    this.expected = Uint8Array.from(data)
    this.oracle = new Oracle(path, this.expected, tablesFor(name))
  }

  static async start(name: OracleName, path: string, seed: number) {
    const sides = new Sides(name, path, seed)
    if (name !== 'native') return sides
    sides.processor = await sides.oracle.introduction()
    const [fs, gs] = sides.processor.selectors
    if (fs !== FS_SELECTOR || gs !== GS_SELECTOR) {
      throw new Error(`selectors ${hex(fs)} and ${hex(gs)} on this kernel`)
    }
    return sides
  }

  async run(batch: Case[], report: Report): Promise<void> {
    const { expected, subject } = this
    const answers = await this.oracle.run(batch)
    batch.forEach((test, i) => {
      const outcome = subject.run(test)
      pokeAll(expected, test)
      for (const w of answers[i].writes) apply(expected, w)
      const found = isUndefined(test) ? []
        : deviations(test, outcome, answers[i], subject.data, expected)
      if (found.length > 0) {
        const scene = { test, ours: outcome, theirs: answers[i], processor: this.processor }
        const known = reasonFor(this.name, scene, found)
        report.differences.push({ test, what: found.map((d) => d.text).join('; '), known })
      }
      if (answers[i].vector >= 0) report.faults++
      subject.data.set(expected)
    })
  }

  close(): void { this.oracle.close() }
}

/** Tables as bytes for Unicorn, as orders to Linux for the native one. */
function tablesFor(name: OracleName): Uint8Array {
  if (name === 'native') {
    return new Uint8Array(
      Uint32Array.of(LOCALS.length, ...userDescriptors()).buffer)
  }
  const image = systemImage()
  return Buffer.concat([new Uint8Array(Uint32Array.of(image.length).buffer),
    image])
}

function pokeAll(memory: Uint8Array, test: Case): void {
  for (const { address, value } of test.pokes) {
    for (let i = 0; i < 4; i++) memory[address + i] = value >>> (i * 8)
  }
}

/** Unicorn reports writes before they fail; none of such a one happens. */
function apply(memory: Uint8Array, w: Answer['writes'][0]): void {
  for (const at of [w.address, w.address + w.size - 1]) {
    const page = at & -4096
    if (at >= DATA_SIZE || page === MISSING || page === READ_ONLY) return
  }
  for (let i = 0; i < w.size; i++) {
    const word = i < 4 ? w.low : w.high
    memory[w.address + i] = word >>> ((i & 3) * 8)
  }
}

export function tell({ test, what }: Difference): string {
  const bytes = test.bytes.map((b) => b.toString(16).padStart(2, '0'))
  const registers = test.registers.map((v, i) => `${REGISTERS[i]}=${hex(v)}`)
  return `${test.form.instruction.name} [${bytes.join(' ')}] at `
    + `${hex(test.eip)} ${registers.join(' ')} fl=${hex(test.eflags)} `
    + `${SEGMENTS.map((s, i) => `${s}=${hex(test.segments[i])}`).join(' ')}`
    + `${test.pokes.map((p) => ` [${hex(p.address)}]=${hex(p.value)}`).join('')}: ${what}`
}

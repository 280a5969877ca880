/** Runs cases on both machines and tells where they differ. */
import { Cases, testableForms, type Case } from './cases.ts'
import { Random } from './random.ts'
import { Subject, type Outcome } from './subject.ts'
import { Oracle, type Answer, type OracleName } from './oracle.ts'

/** `known`: why it may stand; empty: it may not. */
export interface Difference { test: Case, what: string, known: string }
export interface Report {
  cases: number
  /** Encodings that ran, by name and opcode. */
  forms: number
  faults: number
  differences: Difference[]
}

const CF = 1, PF = 4, AF = 0x10, ZF = 0x40, SF = 0x80, OF = 0x800
const ALL = CF | PF | AF | ZF | SF | OF

/** Flags that the manual leaves undefined after this instruction. */
export function undefinedFlags({ form, count, size }: Case): number {
  const name = form.instruction.name
  if (/^(and|or|xor|test)$/.test(name)) return AF
  if (/^(mul|imul.?)$/.test(name)) return SF | ZF | AF | PF
  if (/^i?div$/.test(name)) return ALL
  if (/^bs[fr]$/.test(name)) return ALL & ~ZF
  if (/^bt[src]?$/.test(name)) return ALL & ~CF & ~ZF
  if (/^(daa|das)$/.test(name)) return OF
  if (/^(aaa|aas)$/.test(name)) return OF | SF | ZF | PF
  if (/^(aam|aad)$/.test(name)) return OF | AF | CF
  if (/^(rol|ror|rcl|rcr)$/.test(name)) return count === 1 ? 0 : OF
  if (/^sh[lr]d$/.test(name)) return AF | (count === 1 ? 0 : OF)
  if (/^(shl|shr|sar)$/.test(name)) {
    return count === 0 ? 0 : AF | (count === 1 ? 0 : OF)
      | (count >= size && name !== 'sar' ? CF : 0)
  }
  return 0
}

/** Cases in which even the result is undefined. */
export function isUndefined({ form, count, size }: Case): boolean {
  const name = form.instruction.name
  return (/^sh[lr]d$/.test(name) && size === 16 && count > 16)
    || (name === 'bswap' && size === 16)
}

/** Faults that cannot be compared: the oracle may have memory there. */
const isWild = ({ cr2 }: Outcome) => cr2 >= 0x110000
  || (cr2 >= 0x10000 && cr2 < 0x100000)

/** Differences that stand, and whose word counts. */
const KNOWN: Record<OracleName, [RegExp, RegExp, string][]> = {
  unicorn: [
    [/^(sh[lr]d?|sar|rcl|rcr)$/, /flags/,
      'Unicorn 2.0 loses CF when the operand is in memory; hardware does not'],
    [/^test$/, /eip/, 'Unicorn does not know F6 /1; hardware does'],
    [/^nop$/, /eip/,
      'Unicorn takes some hints with a register operand as invalid'],
    [/^(i?div|bound)$/, /vector/,
      'Unicorn reports a second exception for want of an IDT'],
    [/^enter$/, /memory|vector/,
      'Unicorn checks the new top of the stack in another order'],
    [/^arpl$/, /vector/,
      'the manual writes only if RPL changes; Unicorn always does'],
    [/^j|^loop|^call/, /eip/,
      'Unicorn runs more than the one instruction it is asked for'],
    [/^not$/, /memory/, 'Unicorn writes before it knows that it may'],
  ],
  native: [
    [/^popa$/, /./, 'AMD loads registers before a later load of POPA faults;'
      + ' the manual leaves open what has been loaded'],
    [/./, /vector -1, not 13/,
      'the manual leaves open whether an operand that wraps at 4 GiB faults'],
  ],
}

function knownReason(name: OracleName, test: Case, what: string): string {
  const form = test.form.instruction.name
  return KNOWN[name].find(([who, why]) => who.test(form) && why.test(what))
    ?.[2] ?? ''
}

const COMPARED = ALL | 0x400

/** What an oracle cannot be asked, beside what no test asks. */
const UNFIT: Record<OracleName, RegExp> = {
  unicorn: /^$/,
  // they would show or set the trap flag that makes it stop
  native: /^(popf|pushf)$/,
}

/** Compares `total` cases, encodings in turn. */
export async function compare(name: OracleName, path: string, seed: number,
  total: number, pattern = /./, progress = (_done: number) => {}):
  Promise<Report> {
  const forms = testableForms().filter((form) =>
    pattern.test(form.instruction.name)
    && !UNFIT[name].test(form.instruction.name))
  const cases = new Cases(seed, name === 'native')
  const subject = new Subject()
  const random = new Random(seed + 1)
  for (let i = 0; i < subject.data.length; i++) {
    subject.data[i] = random.int()
  }
  const expected = Uint8Array.from(subject.data)
  const oracle = new Oracle(path, expected)
  const report: Report =
    { cases: 0, forms: forms.length, faults: 0, differences: [] }
  while (report.cases < total) {
    const batch: Case[] = []
    while (batch.length < 500) {
      const test = cases.make(forms[(report.cases + batch.length) % forms.length])
      if (test.bytes.length <= 15) batch.push(test)
    }
    const answers = await oracle.run(batch)
    batch.forEach((test, i) => {
      const outcome = subject.run(test)
      for (const w of answers[i].writes) apply(expected, w)
      const what = isUndefined(test) || isWild(outcome) ? ''
        : difference(test, outcome, answers[i], subject.data, expected)
      if (what !== '') {
        const known = knownReason(name, test, what)
        report.differences.push({ test, what, known })
      }
      if (answers[i].vector >= 0) report.faults++
      subject.data.set(expected)
    })
    report.cases += batch.length
    progress(report.cases)
  }
  oracle.close()
  return report
}

/** Unicorn reports writes before they fail; none of such a one happens. */
function apply(memory: Uint8Array, w: Answer['writes'][0]): void {
  for (const at of [w.address, w.address + w.size - 1]) {
    if (at >= 0x10000 || at >> 12 === 8 || at >> 12 === 12) return
  }
  for (let i = 0; i < w.size; i++) {
    const word = i < 4 ? w.low : w.high
    memory[w.address + i] = word >>> ((i & 3) * 8)
  }
}

const hex = (n: number) => (n >>> 0).toString(16)
const NAMES = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi']

function difference(test: Case, ours: Outcome, theirs: Answer,
  memory: Uint8Array, expected: Uint8Array): string {
  const found: string[] = []
  if (ours.vector !== theirs.vector) {
    found.push(`vector ${ours.vector}, not ${theirs.vector}`)
  }
  if (ours.eip !== theirs.eip) {
    found.push(`eip ${hex(ours.eip)}, not ${hex(theirs.eip)}`)
  }
  NAMES.forEach((name, i) => {
    if (ours.registers[i] !== theirs.registers[i]) {
      found.push(`${name} ${hex(ours.registers[i])}, not `
        + hex(theirs.registers[i]))
    }
  })
  const mask = COMPARED & ~(ours.vector < 0 ? undefinedFlags(test) : 0)
  if ((ours.eflags ^ theirs.eflags) & mask) {
    found.push(`flags ${hex(ours.eflags & mask)}, not `
      + hex(theirs.eflags & mask))
  }
  if (theirs.vector < 0 && Buffer.compare(memory, expected) !== 0) {
    const at = memory.findIndex((byte, i) => byte !== expected[i])
    found.push(`memory at ${hex(at)}: ${hex(memory[at])}, not `
      + hex(expected[at]))
  }
  return found.join('; ')
}

export function tell({ test, what }: Difference): string {
  const bytes = test.bytes.map((b) => b.toString(16).padStart(2, '0'))
  const registers = test.registers.map((v, i) => `${NAMES[i]}=${hex(v)}`)
  return `${test.form.instruction.name} [${bytes.join(' ')}] at `
    + `${hex(test.address)} ${registers.join(' ')} fl=${hex(test.eflags)}: ${what}`
}

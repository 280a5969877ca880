/** Runs cases on both machines and tells where they differ. */
import {
  Cases, hasFloats, testableForms, type Case, type Choice,
} from './cases.ts'
import { floatDifferences } from './float-state.ts'
import { Random } from './random.ts'
import { hex } from './words.ts'
import { Subject, type Outcome } from './subject.ts'
import { Oracle, type Answer, type OracleName } from './oracle.ts'
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
    [/^cmpxchg8b$/, /^eip/, 'Unicorn changes registers before it knows that'
      + ' the write back faults'],
    [/^arpl$/, /vector/,
      'the manual writes only if RPL changes; Unicorn always does'],
    [/^j|^loop|^call/, /eip/,
      'Unicorn runs more than the one instruction it is asked for'],
    [/^not$/, /memory/, 'Unicorn writes before it knows that it may'],
  ],
  native: [
    [/^popa$/, /./, 'hardware loads registers before a later load of POPA'
      + ' faults; the manual leaves open what has been loaded'],
    [/^pushSegment/, /^memory/, 'the manual lets a push of a segment register'
      + ' write 16 bits of 32, or zeros above'],
    [/^(push|pop)Segment/, /^vector 17, not/,
      'the 16 bits of a segment register may be moved as such'],
    [/^popSegment/, /^vector 14, not -1|^cr2/,
      'the 16 bits of a segment register may be moved as such'],
    [/^lar$/, /^e.. \w+, not \w+$/,
      'LAR: bits 16 to 19 of the answer are undefined'],
    [/^(iret|far|cmps|movs|popMemory|pop)/, /^(cr2|code|vector (13|14|17|12), not)/,
      'two accesses would fault; the manual gives them no order'],
    [/^fstp$/, /^(status|st\d|used)/, 'FSTP as D9 D8+i is in no manual;'
      + ' hardware does not look whether the register is empty'],
    [/^f?(xsave|xrstor|nsave|rstor|nstenv|ldenv)$/, /^cr2/,
      'the manual does not say which byte of an image is touched first'],
    [/^(bound|f.*)$/, /^vector 14, not -1/, 'the manual leaves open what an'
      + ' operand does that wraps at 64 KiB'],
    [/^maskmov/, /^(vector (14, not -1|-1, not 1[34])|cr2)/, 'whether a masked move with'
      + ' nothing to write faults is left to the implementation'],
    [/^f.*st/, /^vector 13, not -1/, 'an unmasked exception keeps the store'
      + ' from happening; hardware does not look where it would have gone'],
    [/^(loadFar|lldt|ltr|mov.*Store)/, /^(cr2|vector 1[234], not 1[234])/,
      'two accesses would fault; the manual gives them no order'],
    [/./, /over the edge/, 'the manual leaves open what an operand does'
      + ' that wraps at 64 KiB'],
    [/^arpl$/, /^vector 13, not/, 'ARPL: the manual faults if the segment'
      + ' cannot be written, hardware only if it writes'],
    [/^(jmp|j..?|call|ret|retDrop|loop.*)(Indirect)?$/, /vector -1, not 13/, 'a jump beyond the limit of CS'
      + ' faults here at its target; the manual has it fault itself (M:330)'],
  ],
}

function knownReason(name: OracleName, test: Case, what: string): string {
  const form = test.form.instruction.name
  return KNOWN[name].find(([who, why]) => who.test(form) && why.test(what))
    ?.[2] ?? ''
}

const COMPARED = ALL | 0x400

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
    const [fs, gs] = await sides.oracle.selectors()
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
      const what = isUndefined(test) ? ''
        : difference(test, outcome, answers[i], subject.data, expected)
      if (what !== '') {
        const known = knownReason(this.name, test, what)
        report.differences.push({ test, what, known })
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

const SEGMENTS = ['es', 'cs', 'ss', 'ds', 'fs', 'gs']
/** Exceptions with an error code. */
const WITH_CODE = new Set([8, 10, 11, 12, 13, 14, 17])
const NAMES = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi']

function difference(test: Case, ours: Outcome, theirs: Answer,
  memory: Uint8Array, expected: Uint8Array): string {
  const found: string[] = []
  if (ours.vector !== theirs.vector) {
    found.push(`vector ${ours.vector}, not ${theirs.vector}`)
  }
  if (ours.vector === theirs.vector) found.push(...sameVector(ours, theirs))
  if (ours.eip !== theirs.eip && !isShadowed(test, ours, theirs)) {
    found.push(`eip ${hex(ours.eip)}, not ${hex(theirs.eip)}`)
  }
  SEGMENTS.forEach((name, i) => {
    if (ours.segments[i] !== theirs.segments[i]) {
      found.push(`${name} ${hex(ours.segments[i])}, not `
        + hex(theirs.segments[i]))
    }
  })
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
  if (ours.floats && theirs.floats && !isHalfMmx(test, ours, theirs)) {
    found.push(...floatDifferences(test, ours.floats, theirs.floats))
  }
  if (found.length > 0 && test.edge) found.push('over the edge')
  return found.join('; ')
}

/** The manual does not say whether an MMX instruction that faults has
 * emptied the x87's stack already. */
const isHalfMmx = ({ form }: Case, ours: Outcome, theirs: Answer) =>
  ours.vector >= 0 && theirs.vector >= 0
  && /^p|mmx|movq|movntq|pi|2ps|2pd/i.test(form.instruction.name)

function sameVector(ours: Outcome, theirs: Answer): string[] {
  const found: string[] = []
  if (theirs.code >= 0 && WITH_CODE.has(ours.vector) && ours.code !== theirs.code) {
    found.push(`code ${hex(ours.code)}, not ${hex(theirs.code)}`)
  }
  if (theirs.code >= 0 && ours.vector === 14 && ours.cr2 !== theirs.cr2) {
    found.push(`cr2 ${hex(ours.cr2)}, not ${hex(theirs.cr2)}`)
  }
  return found
}

/** No trap comes right after SS was loaded, so one NOP more is run. */
const isShadowed = ({ form }: Case, ours: Outcome, theirs: Answer) =>
  /^(movToSegment|popSegment2|loadFar2)$/.test(form.instruction.name)
  && theirs.eip === ours.eip + 1

export function tell({ test, what }: Difference): string {
  const bytes = test.bytes.map((b) => b.toString(16).padStart(2, '0'))
  const registers = test.registers.map((v, i) => `${NAMES[i]}=${hex(v)}`)
  return `${test.form.instruction.name} [${bytes.join(' ')}] at `
    + `${hex(test.eip)} ${registers.join(' ')} fl=${hex(test.eflags)} `
    + `${SEGMENTS.map((s, i) => `${s}=${hex(test.segments[i])}`).join(' ')}`
    + `${test.pokes.map((p) => ` [${hex(p.address)}]=${hex(p.value)}`).join('')}: ${what}`
}

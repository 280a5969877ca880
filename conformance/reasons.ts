/**
 * Why a difference may stand: a table of what manuals leave open, of what a
 * maker of processors chose where they do, and of the oracles' own faults.
 * Each reason names instructions, a part of the outcome and a condition that
 * is computed from the case, so that nothing else hides behind it.
 *
 * SDM is Intel's Software Developer's Manual, APM AMD's Architecture
 * Programmer's Manual, each with its volume and chapter.
 */
import { accessesOf, faultsOf, linearOf, missingBytes, prefixesOf, wraps, type Access } from './accesses.ts'
import type { Case } from './cases.ts'
import type { Deviation, Part } from './differences.ts'
import type { Answer, Introduction, OracleName } from './oracle.ts'
import type { Outcome } from './subject.ts'
import { USER_CODE } from './world.ts'

/** One case, what came of it, and who says so. */
export interface Scene { test: Case, ours: Outcome, theirs: Answer, processor: Introduction | null }

interface Reason {
  instructions: RegExp
  parts: Part[]
  /** Only processors of this maker do so, by CPUID. */
  maker?: 'GenuineIntel' | 'AuthenticAMD'
  when?: (scene: Scene, deviation: Deviation) => boolean
  word: string
}

/** What the emulator has of MXCSR. */
const OUR_MXCSR_MASK = 0xffff

/** Accesses at the start, and for strings at either one's end. */
function touched({ test, ours, theirs }: Scene): Access[] {
  const ends = test.repeats ? [ours.registers, theirs.registers] : []
  return [test.registers, ...ends].flatMap((registers) => accessesOf(test, registers))
}

const wrapsAt = (space: number) => (scene: Scene) =>
  touched(scene).some((a) => a.space === space && wraps(a))

/** Faults that do not come from the operands in memory. */
function ownFaults({ form, segments }: Case): number[] {
  const { name } = form.instruction
  if (/^(far|iret|loadFar|popSegment|movToSegment)/.test(name)) return [10, 11, 12, 13]
  // a call may lead beyond the limit
  if (/^call/.test(name)) return segments[1] === USER_CODE ? [] : [13]
  return /^(lldt|ltr|lgdt|lidt|lmsw)$/.test(name) ? [13] : []
}

/** Would two accesses fault, one as ours and one as theirs? */
function twoFault(scene: Scene, { part, ours, theirs }: Deviation): boolean {
  const faulting = touched(scene).filter((a) => faultsOf(scene.test, a).size > 0)
  if (part === 'cr2') {
    const sets = faulting.map((a) => missingBytes(scene.test, a))
    return isTwofold(sets, faulting, ours, theirs)
  }
  const own = ownFaults(scene.test).map((v) => [v])
  const all = [...faulting.map((a) => [...faultsOf(scene.test, a)]), ...own]
  if (part === 'code') return all.filter((s) => s.includes(scene.ours.vector)).length > 1
  return isTwofold(all, faulting, ours, theirs)
}

/** Is one in a set, the other in another, or both in the parts of an image? */
function isTwofold(sets: number[][], accesses: Access[], ours: number, theirs: number): boolean {
  return sets.some((set, i) => set.includes(ours) && (accesses[i]?.image && set.includes(theirs)
    || sets.some((other, j) => i !== j && other.includes(theirs))))
}

/** Would 16 bits for a segment register on the stack do what they did? */
function movesHalf({ test }: Scene, { part, ours, theirs }: Deviation): boolean {
  const access = accessesOf(test).at(-1)
  if (!access || access.size !== 4) return false
  const half = { ...access, size: 2 }
  if (part === 'cr2') return missingBytes(test, half).includes(theirs) || missingBytes(test, access).includes(theirs)
  const fits = (a: Access, vector: number) => vector < 0 ? faultsOf(test, a).size === 0 : faultsOf(test, a).has(vector)
  return fits(access, ours) && fits(half, theirs)
}

/** Is every byte that cannot be written masked out? */
function isMaskedOut({ test }: Scene): boolean {
  const [access] = accessesOf(test)
  if (!access || !test.floats) return false
  const register = test.bytes[test.bytes.length - 1] & 7
  // MM registers are ST registers by another count
  const top = (test.floats[3] >> 3) & 7
  const at = access.size === 8 ? 32 + 16 * ((register - top) & 7) : 160 + 16 * register
  return Array.from({ length: access.size }, (_, i) => i).every((i) =>
    (test.floats![at + i] & 0x80) === 0
    || faultsOf(test, { ...access, offset: (access.offset + i) % access.space, size: 1 }).size === 0)
}

const isInOperand = ({ test }: Scene, { ours, theirs }: Deviation) => accessesOf(test)
  .some((a) => [ours, theirs].every((at) => missingBytes(test, a).includes(at)))

/** An unmasked x87 exception came up, and the store would have faulted. */
function trapsBeforeStore(scene: Scene, { ours, theirs }: Deviation): boolean {
  const fault = Math.max(ours, theirs)
  const pending = [scene.ours, scene.theirs].some((o) => o.floats && (o.floats[2] & 0x80) !== 0)
  return Math.min(ours, theirs) === -1 && pending
    && touched(scene).some((a) => faultsOf(scene.test, a).has(fault))
}

/** Do bits of MXCSR matter that only one of the two has? */
function hasOtherMxcsr(scene: Scene, { part, at }: Deviation): boolean {
  const { test, theirs, processor } = scene
  const mask = processor?.mxcsrMask ?? OUR_MXCSR_MASK
  const [access] = accessesOf(test)
  if (mask === OUR_MXCSR_MASK || !access) return false
  const from = linearOf(test, access) + 28
  if (part === 'memory') return at.every((i) => i >= from && i < from + 4)
  const loaded = theirs.floats ? new DataView(theirs.floats.buffer, theirs.floats.byteOffset).getUint32(24, true) : 0
  return (loaded & ~OUR_MXCSR_MASK) !== 0 && (loaded & ~mask) === 0
}

/** Neither side has finished, and there was a round before. */
const inMidString = ({ test, ours, theirs }: Scene) =>
  test.repeats && ours.vector >= 0 && theirs.vector >= 0 && ours.registers[1] !== test.registers[1]

/** Did we fault for writing, where theirs only read? */
function readsOnly({ test }: Scene, { ours, theirs }: Deviation): boolean {
  const [access] = accessesOf(test)
  if (ours !== 13 || !access) return false
  const faults = faultsOf(test, { ...access, write: false })
  return theirs < 0 ? faults.size === 0 : faults.has(theirs)
}

const bothFault = ({ ours, theirs }: Scene) => ours.vector >= 0 && theirs.vector >= 0
const isLocked = ({ test }: Scene) => prefixesOf(test).includes(0xf0)
const modrm = ({ test }: Scene) => test.bytes[prefixesOf(test).length + 2]
const gives = (ours: number, theirs: number) => (_: Scene, d: Deviation) => d.ours === ours && d.theirs === theirs

const HALF_POPA: Reason = { instructions: /^popa$/, parts: ['register'], when: bothFault,
  word: 'what POPA has loaded when a later load faults is left open (SDM 3, 6.5 Exception Classifications)' }

const NATIVE: Reason[] = [
  { instructions: /./, parts: ['vector', 'code', 'cr2'], when: wrapsAt(2 ** 32),
    word: 'an operand beyond the end of 4 GiB may fault for its segment or its page, as the maker chose'
      + ' (SDM 3, 5.3 Limit Checking)' },
  { instructions: /./, parts: ['vector', 'cr2', 'register', 'memory', 'float', 'flags', 'code'], when: wrapsAt(0x10000),
    word: 'what an operand does that wraps at 64 KiB is left to the implementation'
      + ' (SDM 3, 22 Segment Wraparound)' },
  { instructions: /^(iret|far|cmps|movs|pop|push|enter|call|loadFar|l[lgi]dt|ltr|lmsw|f(n?save|n?stenv|ldenv|rstor|xsave|xrstor))/,
    parts: ['vector', 'code', 'cr2'], when: (s, d) => bothFault(s) && twoFault(s, d),
    word: 'two accesses would fault; faults of one instruction have no order (SDM 3, 6.9 Priority)' },
  HALF_POPA,
  { instructions: /^pushSegment/, parts: ['memory'],
    when: ({ test }, { at }) => at.length <= 2 && at.every((i) => accessesOf(test)[0].size === 4
      && (i - accessesOf(test)[0].offset & 2) !== 0),
    word: 'a segment register pushed as 32 bits may leave the upper 16 alone (SDM 2, PUSH)' },
  { instructions: /^(push|pop)Segment/, parts: ['vector', 'cr2'], when: movesHalf,
    word: 'of 32 bits of a segment register on the stack only 16 may be moved (SDM 2, PUSH and POP)' },
  { instructions: /^lar$/, parts: ['register'], when: (_, d) => ((d.ours ^ d.theirs) & ~0xf0000) === 0,
    word: 'bits 16 to 19 of the answer are undefined (SDM 2, LAR)' },
  { instructions: /^lsl$/, parts: ['register'], when: (_, d) => d.ours === 0,
    word: 'Linux keeps the number of the processor in the limit of selector 0x78' },
  { instructions: /^maskmov/, parts: ['vector', 'cr2'],
    when: (s, d) => d.part === 'cr2' ? isInOperand(s, d) : isMaskedOut(s),
    word: 'whether bytes fault that the mask leaves out is up to the implementation'
      + ' (SDM 2, MASKMOVDQU; APM 5, MASKMOVQ)' },
  { instructions: /^f.*st/, parts: ['vector'], when: trapsBeforeStore,
    word: 'an unmasked exception keeps a store from happening; whether it is looked at where it would have gone'
      + ' is up to the maker (SDM 1, 8.7; SDM 3, 6.9 Priority)' },
  { instructions: /^fstp$/, parts: ['float'], when: ({ test }) => test.bytes.at(-2) === 0xd9,
    word: 'FSTP as D9 D8+i is in no manual; hardware does not look whether the register is empty' },
  { instructions: /^arpl$/, parts: ['vector'], when: readsOnly,
    word: 'the manual faults if the segment cannot be written, hardware only if it writes (SDM 2, ARPL)' },
  { instructions: /^(fxsave|fxrstor|ldmxcsr)$/, parts: ['vector', 'memory'], when: hasOtherMxcsr,
    word: 'a processor has its own bits of MXCSR, and MXCSR_MASK tells them (SDM 1, 11.6.6)' },
  { instructions: /^nop$/, parts: ['vector'], maker: 'AuthenticAMD',
    when: (s, d) => gives(-1, 6)(s, d) && s.test.form.opcode === 0x0d && modrm(s) >= 0xc0,
    word: '0F 0D is PREFETCH to AMD, which has no register operand (APM 3, PREFETCH);'
      + ' Intel reserves it as NOP (SDM 2, Appendix A)' },
  { instructions: /^(scas|cmps)/, parts: ['flags'], maker: 'AuthenticAMD', when: inMidString,
    word: 'AMD keeps the flags of the last round at a fault; Intel\'s manual restores them (SDM 2, REP)' },
  { instructions: /^verw$/, parts: ['vector'], maker: 'AuthenticAMD',
    when: (s, d) => isLocked(s) && d.ours === 6,
    word: 'LOCK VERW runs on AMD, against its own manual (APM 3, 1.2.5)' },
  { instructions: /^mov(To|From)Control$/, parts: ['vector'], maker: 'AuthenticAMD',
    when: (s, d) => isLocked(s) && (modrm(s) & 0x38) === 0 && gives(6, 13)(s, d),
    word: 'MOV CR0 with LOCK is MOV CR8 to AMD (APM 3, MOV CRn), and an invalid opcode to Intel' },
]

const UNICORN: Reason[] = [
  HALF_POPA,
  { instructions: /^(sh[lr]d?|sar|rcl|rcr)$/, parts: ['flags'],
    word: 'Unicorn 2.0 loses CF when the operand is in memory; hardware does not' },
  { instructions: /^test$/, parts: ['vector', 'eip', 'flags'], when: ({ test }) => test.form.digit === 1,
    word: 'Unicorn does not know F6 /1; hardware does' },
  { instructions: /^nop$/, parts: ['vector', 'eip'],
    word: 'Unicorn takes some hints with a register operand as invalid' },
  { instructions: /^(i?div|bound)$/, parts: ['vector'],
    word: 'Unicorn reports a second exception for want of an IDT' },
  { instructions: /^aam$/, parts: ['vector'], when: gives(0, -1),
    word: 'Unicorn loses the exception of AAM by zero; hardware raises it' },
  { instructions: /^(scas|cmps)/, parts: ['flags'], when: inMidString,
    word: 'Unicorn keeps the flags of the last round at a fault; Intel\'s manual restores them (SDM 2, REP)' },
  { instructions: /^enter$/, parts: ['memory', 'vector'],
    word: 'Unicorn checks the new top of the stack in another order' },
  { instructions: /^cmpxchg8b$/, parts: ['eip', 'vector', 'register', 'flags'], when: ({ ours }) => ours.vector >= 0,
    word: 'Unicorn changes registers before it knows that the write back faults' },
  { instructions: /^arpl$/, parts: ['vector'],
    word: 'the manual writes only if RPL changes; Unicorn always does' },
  { instructions: /^j|^loop|^call/, parts: ['eip'],
    word: 'Unicorn runs more than the one instruction it is asked for' },
  { instructions: /^not$/, parts: ['memory'], word: 'Unicorn writes before it knows that it may' },
]

const REASONS: Record<OracleName, Reason[]> = { native: NATIVE, unicorn: UNICORN }

/**
 * Why all of `found` may stand; empty: it may not. If only one side faults,
 * everything else follows from that; otherwise each part needs its reason.
 */
export function reasonFor(name: OracleName, scene: Scene, found: Deviation[]): string {
  const oneFaults = Math.min(scene.ours.vector, scene.theirs.vector) < 0
  const vector = found.filter((d) => d.part === 'vector')
  const words = (vector.length > 0 && oneFaults ? vector : found).map((d) => wordFor(name, scene, d))
  return words.includes('') ? '' : [...new Set(words)].join('; ')
}

function wordFor(name: OracleName, scene: Scene, deviation: Deviation): string {
  const { form } = scene.test
  return REASONS[name].find((r) => r.instructions.test(form.instruction.name) && r.parts.includes(deviation.part)
    && (!r.maker || r.maker === scene.processor?.maker) && (!r.when || r.when(scene, deviation)))?.word ?? ''
}

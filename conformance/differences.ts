/** In what two outcomes of one case differ, part by part. */
import type { Case } from './cases.ts'
import { floatDifferences } from './float-state.ts'
import type { Answer } from './oracle.ts'
import type { Outcome } from './subject.ts'
import { undefinedFlags } from './undefined.ts'
import { hex } from './words.ts'

export type Part = 'vector' | 'code' | 'cr2' | 'eip' | 'segment' | 'register' | 'flags' | 'memory' | 'float'

export interface Deviation {
  part: Part
  /** Which register, say. */
  name: string
  /** As numbers, where they are such. */
  ours: number
  theirs: number
  text: string
  /** Memory: where, all of it. */
  at: number[]
}

export const SEGMENTS = ['es', 'cs', 'ss', 'ds', 'fs', 'gs']
export const REGISTERS = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi']
/** Exceptions with an error code. */
const WITH_CODE = new Set([8, 10, 11, 12, 13, 14, 17])
/** CF PF AF ZF SF DF OF */
const COMPARED = 0xcd5

/** `memory` and `expected` are what the two sides' data are now. */
export function deviations(test: Case, ours: Outcome, theirs: Answer,
  memory: Uint8Array, expected: Uint8Array): Deviation[] {
  return [
    ...faultDeviations(test, ours, theirs), ...registerDeviations(test, ours, theirs),
    ...(theirs.vector < 0 ? memoryDeviations(memory, expected) : []),
    ...floatDeviations(test, ours, theirs),
  ]
}

function numbers(part: Part, name: string, ours: number, theirs: number): Deviation[] {
  if (ours === theirs) return []
  const show = part === 'vector' ? String : hex
  return [{ part, name, ours, theirs, at: [], text: `${name} ${show(ours)}, not ${show(theirs)}` }]
}

function faultDeviations(test: Case, ours: Outcome, theirs: Answer): Deviation[] {
  const found = numbers('vector', 'vector', ours.vector, theirs.vector)
  const same = found.length === 0 && theirs.code >= 0
  if (same && WITH_CODE.has(ours.vector)) found.push(...numbers('code', 'code', ours.code, theirs.code))
  if (same && ours.vector === 14) found.push(...numbers('cr2', 'cr2', ours.cr2, theirs.cr2))
  if (!isShadowed(test, ours, theirs)) found.push(...numbers('eip', 'eip', ours.eip, theirs.eip))
  return found
}

function registerDeviations(test: Case, ours: Outcome, theirs: Answer): Deviation[] {
  const mask = COMPARED & ~(ours.vector < 0 ? undefinedFlags(test) : 0)
  return [
    ...SEGMENTS.flatMap((name, i) => numbers('segment', name, ours.segments[i], theirs.segments[i])),
    ...REGISTERS.flatMap((name, i) => numbers('register', name, ours.registers[i], theirs.registers[i])),
    ...numbers('flags', 'flags', ours.eflags & mask, theirs.eflags & mask),
  ]
}

function memoryDeviations(memory: Uint8Array, expected: Uint8Array): Deviation[] {
  if (Buffer.compare(memory, expected) === 0) return []
  const at = [...memory.keys()].filter((i) => memory[i] !== expected[i])
  return [{
    part: 'memory', name: 'memory', at, ours: memory[at[0]], theirs: expected[at[0]],
    text: `memory at ${hex(at[0])}: ${hex(memory[at[0]])}, not ${hex(expected[at[0]])}`,
  }]
}

function floatDeviations(test: Case, ours: Outcome, theirs: Answer): Deviation[] {
  if (!ours.floats || !theirs.floats || isHalfMmx(test, ours, theirs)) return []
  return floatDifferences(test, ours.floats, theirs.floats)
    .map((text) => ({ part: 'float', name: text.split(' ')[0], ours: 0, theirs: 0, text, at: [] }))
}

/** The manual does not say whether an MMX instruction that faults has
 * emptied the x87's stack already. */
const isHalfMmx = ({ form }: Case, ours: Outcome, theirs: Answer) =>
  ours.vector >= 0 && theirs.vector >= 0
  && /^p|mmx|movq|movntq|pi|2ps|2pd/i.test(form.instruction.name)

/** No trap comes right after SS was loaded, so one NOP more is run. */
const isShadowed = ({ form }: Case, ours: Outcome, theirs: Answer) =>
  /^(movToSegment|popSegment2|loadFar2)$/.test(form.instruction.name)
  && theirs.eip === ours.eip + 1

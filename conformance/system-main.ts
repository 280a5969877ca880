/** Runs the system's cases on QEMU and on ours, and tells what differs. */
import { Dice, HANDLERS, MAKERS, type SystemCase } from './system-cases.ts'
import {
  AT_ONCE, CASE_BYTES, FIELD, FIELDS, TSS, peek, qemuIsMissing, runBoth, type Mode,
} from './system.ts'

/**
 * Single bits that ours sets and QEMU 7.2 does not, though the manual says so:
 * RF in the flags a fault pushes, and the accessed bit of a code segment that
 * a far transfer loads. And one that QEMU sets early, which the manual allows:
 * the accessed bit of a directory entry whose table then refuses.
 */
const QEMU_LACKS = new Set([0x10000, 0x100, 1, 0x1000000])
const DIRECTORY_ACCESSED = 0x20
/** And that a breakpoint waits at the next instruction, told in a step's DR6. */
const BREAKPOINTS_MET = 15

/** `kinds` is a pattern of names of MAKERS. True: no difference. */
export function runSystem(
  seed: number, count: number, kinds: RegExp, show: (text: string) => void,
): boolean {
  if (qemuIsMissing()) {
    console.log('system: not run, there is no qemu-system-i386')
    return true
  }
  let good = true
  for (const name of Object.keys(MAKERS).filter((kind) => kinds.test(kind))) {
    const dice = new Dice(seed)
    const { different, ends } = runKind(() => MAKERS[name](dice), count, (n) => show(`${name}: ${n} of ${count}`))
    const told = [...ends].sort((a, b) => b[1] - a[1]).map(([end, n]) => `${n} ${end}`).join(', ')
    console.log(`${name}: seed ${seed}, ${count} cases, ${different.length} differ; ${told}`)
    for (const text of different.slice(0, 10)) console.log(`  ${text}`)
    good &&= different.length === 0
  }
  return good
}

interface Outcome {
  different: string[]
  /** How the cases ended, and how many each way. */
  ends: Map<string, number>
}

/** Cases of one mode run together; a case is 68 KB, so no more are made than run at once. */
function runKind(make: () => SystemCase, count: number, show: (done: number) => void): Outcome {
  const outcome: Outcome = { different: [], ends: new Map() }
  const waiting: SystemCase[][] = [[], [], []]
  for (let done = 1; done <= count; done++) {
    const some = make()
    const list = waiting[some.mode]
    list.push(some)
    if (list.length === AT_ONCE) {
      runTogether(list.splice(0), some.mode, outcome)
      show(done)
    }
  }
  waiting.forEach((list, mode) => { if (list.length > 0) runTogether(list, mode as Mode, outcome) })
  return outcome
}

function runTogether(some: SystemCase[], mode: Mode, { different, ends }: Outcome): void {
  runBoth(some.map((k) => k.bytes), mode).forEach(([theirs, ours], n) => {
    const end = ours === null ? 'shut down' : endOf(ours)
    ends.set(end, (ends.get(end) ?? 0) + 1)
    const found = differences(theirs, ours, mode)
    if (found.length > 0) different.push([some[n].text, ...found].join('\n      '))
  })
}

function endOf(bytes: Uint8Array): string {
  const vector = peek(bytes, TSS + 32) - 1 - HANDLERS >> 2
  return vector >= 0 && vector < 64 ? `by vector ${vector}` : 'went on'
}

function differences(theirs: Uint8Array | null, ours: Uint8Array | null, mode: Mode): string[] {
  if (theirs === null || ours === null) {
    return theirs === ours ? [] : [`only ${theirs === null ? 'QEMU' : 'ours'} shut down`]
  }
  const found: string[] = []
  for (let at = 0; at < CASE_BYTES; at += 4) {
    const x = peek(theirs, at)
    const y = peek(ours, at)
    const change = (x ^ y) >>> 0
    if (change === 0 || QEMU_LACKS.has(change) && (y & change) !== 0) continue
    if (mode !== 0 && change === DIRECTORY_ACCESSED) continue
    if (at === FIELDS + FIELD.afterDr6 * 4 && change <= BREAKPOINTS_MET && y & 0x4000) continue
    if (found.length < 12) found.push(`${place(at)}: QEMU ${x.toString(16)}, ours ${y.toString(16)}`)
  }
  return found
}

function place(at: number): string {
  const field = Object.entries(FIELD).find(([, n]) => FIELDS + n * 4 === at)
  if (field) return field[0]
  return at >= TSS && at < TSS + 104 ? `tss+${at - TSS}` : at.toString(16)
}

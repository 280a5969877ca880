/**
 * One Guest under load for as long as you like: Puppy in the Launcher that
 * users run, typed at without a rest. After each round its clock is compared
 * with ours, its memory with the round before, and what it says with what it
 * must say; at the end the Host's books must balance.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { object } from './finding.ts'

const launcher = fileURLToPath(new URL('../bin/lguest.mjs', import.meta.url))
const PROMPT = 'puppy> '
const DISK = 1 << 20
/** Seconds that the Guest's clock may be off: it is told the time with an interrupt. */
const OFF = 1
const LOOKS = 5
/** Rounds after which everything has been used once. */
const WARM = 3
/** Bytes by which the process may grow after that: translated code has a cache, and that has an end. */
const GROWTH = 96 << 20
/** Seconds after which a command hangs. */
const PATIENCE = 120

export interface Soaked {
  readonly rounds: number
  readonly seconds: number
  /** Of the Guest's clock against ours, in seconds, at its worst. */
  readonly worst: number
  readonly ticks: number
  readonly instructions: number
  /** Bytes resident after warming up and at the end. */
  readonly early: number
  readonly late: number
}

/** The Launcher in a process of its own, and what it prints. */
class Launched {
  readonly #child: ChildProcess
  #said = ''
  #errors = ''
  #look = () => {}
  readonly ended: Promise<number | null>

  constructor(disk: string) {
    this.#child = spawn(process.execPath, [launcher, '--stats', '--block', disk], { stdio: 'pipe' })
    this.#child.stdout!.on('data', (some: Buffer) => { this.#said += some.toString(); this.#look(); })
    this.#child.stderr!.on('data', (some: Buffer) => { this.#errors += some.toString() })
    this.ended = new Promise((resolve) => { this.#child.on('close', (status) => { resolve(status); this.#look(); }) })
  }

  /** Types a line; what is said behind it until the next prompt, or until all ends. */
  async type(line: string): Promise<string> {
    this.#child.stdin!.write(`${line}\n`)
    return (await this.prompt(line)).replace(`${line}\n`, '')
  }

  async prompt(after: string): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      const hangs = setTimeout(() => { reject(new Error(`${after}: nothing came for ${PATIENCE} s behind ${this.#said}`)) }, PATIENCE * 1000)
      this.#look = () => {
        if (!this.#said.includes(PROMPT) && this.#child.exitCode === null) return
        clearTimeout(hangs)
        resolve()
      }
      this.#look()
    })
    const end = this.#said.indexOf(PROMPT)
    const text = this.#said.slice(0, end < 0 ? undefined : end)
    this.#said = end < 0 ? '' : this.#said.slice(end + PROMPT.length)
    return text
  }

  get errors(): string { return this.#errors }

  /** Bytes of it that are in memory. */
  get resident(): number {
    const [, pages] = readFileSync(`/proc/${this.#child.pid}/statm`, 'utf8').split(' ')
    return Number(pages) * 4096
  }

  kill(): void { this.#child.kill('SIGKILL') }
}

/** What is typed in a round, and what must be answered. */
function work(round: number): [line: string, answer: RegExp][] {
  const words = `round ${round}`
  return [
    [`echo ${words} | write a`, /^$/],
    ['cat a | upper | wc', new RegExp(`^1 lines, ${words.length + 1} bytes`)],
    ['cat a | upper', new RegExp(`^${words.toUpperCase()}`)],
    ['cow', /alone again: +\d+ frames/],
    ['touch 60', /^first: 60 faults/],
    ['spin 200', /^counted to \d+ thousand/],
    ['oops divide', /./],
    ['sleep 100', /^$/],
    ['rm a', /^$/],
  ]
}

/**
 * @param minutes how long
 * @param told hears of each round
 * Throws a Finding when something is not as it must be.
 */
export async function soak(minutes: number, told: (round: number, off: number) => void): Promise<Soaked> {
  const folder = mkdtempSync(join(tmpdir(), 'soak-'))
  const disk = join(folder, 'disk')
  writeFileSync(disk, new Uint8Array(DISK))
  const launched = new Launched(disk)
  try {
    return await rounds(launched, minutes, told)
  } finally {
    launched.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function rounds(guest: Launched, minutes: number, told: (round: number, off: number) => void): Promise<Soaked> {
  const began = performance.now()
  const elapsed = () => (performance.now() - began) / 1000
  await guest.prompt('the start')
  await guest.type('format')
  const lead = elapsed() - await up(guest)
  let [round, worst, free, early] = [0, 0, '', 0]
  for (; elapsed() < minutes * 60 || round <= WARM; round++) {
    for (const [line, answer] of work(round)) {
      const said = await guest.type(line)
      object('soak', answer.test(said), () => `${line}: ${JSON.stringify(said)}`)
    }
    const now = await freeMemory(guest)
    if (round === WARM) [free, early] = [now, guest.resident]
    object('soak', round <= WARM || now === free, () => `round ${round}: ${now} KiB free, ${free} after round ${WARM}`)
    const off = await clockOff(guest, () => elapsed() - lead)
    worst = Math.abs(off) > Math.abs(worst) ? off : worst
    object('soak', Math.abs(off) < OFF, () => `round ${round}: the Guest's clock is off by ${off.toFixed(2)} s`)
    told(round, off)
  }
  const late = guest.resident
  object('soak', late - early < GROWTH, () => `${early >> 20} MB resident after round ${WARM}, ${late >> 20} MB at the end`)
  const ticks = Number(/^ +0 +(\d+)/m.exec(await guest.type('irq'))?.[1])
  await guest.type('halt')
  object('soak', await guest.ended === 0, () => `status ${guest.ended}: ${guest.errors}`)
  const instructions = balance(guest.errors, ticks, elapsed())
  return { rounds: round, seconds: elapsed(), worst, ticks, instructions, early, late }
}

/** Seconds between our clock and the Guest's. A busy machine may be late with an answer, but not each time. */
async function clockOff(guest: Launched, now: () => number): Promise<number> {
  for (let looks = 1; ; looks++) {
    const off = now() - await up(guest)
    if (Math.abs(off) < OFF || looks === LOOKS) return off
  }
}

/** Seconds that the Guest believes to be up. */
async function up(guest: Launched): Promise<number> {
  return Number(/^up ([\d.]+) seconds/.exec(await guest.type('uptime'))?.[1])
}

async function freeMemory(guest: Launched): Promise<string> {
  return /(\d+) KiB +free/.exec(await guest.type('mem'))?.[1] ?? 'nothing'
}

/** The counts of --stats agree with each other, with the Guest's and with our clock. */
function balance(stats: string, ticks: number, seconds: number): number {
  const count = (what: string) => Number(new RegExp(`^ *${what} +([\\d,.]+)`, 'm').exec(stats)?.[1].replaceAll(',', ''))
  const same = (what: string, one: number, other: number, by: number) => {
    object('soak', Math.abs(one - other) <= by, () => `${what}: ${one} and ${other}\n${stats}`)
  }
  same('traps and world switches', count('traps'), count('world switches'), 0)
  same('interrupts', count('interrupts delivered'), count('irq 0') + count('irq 1') + count('irq 2'), 0)
  same('ticks, by the Host and by the Guest', count('irq 0'), ticks, 200)
  same('work and its parts', count('work charged'), count('of the Guest') + count('of the Host') + count('of the Launcher'), 2)
  same('time and its parts', count('elapsed'), count('in the Guest') + count('in Host and Launcher') + count('asleep'), 0.1)
  same('time', count('elapsed'), seconds, 5)
  object('soak', count('of the Guest') >= count('instructions'), () => `more instructions than were paid for\n${stats}`)
  return count('instructions')
}

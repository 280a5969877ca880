/**
 * Console, disk and network as Puppy sees them, and how much an idle Launcher
 * takes: one Launcher in this process, two in it, and two in their own.
 */
import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeKennel } from '../test/support/kennel.ts'
import { linkedWires, Neighbour, sharing } from '../test/support/neighbours.ts'
import type { Bench, Row } from './bench.ts'

const launcher = fileURLToPath(new URL('../../bin/lguest.mjs', import.meta.url))
const PROMPT = 'puppy> '
const MB = 1 << 20
const PINGS = 100
/** Rounds to warm up, and to measure. */
const [WARM, ROUNDS] = [3, 12]
/** Milliseconds for anything that a Launcher is asked. */
const PATIENCE = 120_000
const TICKS_PER_SECOND = 100

/** A Launcher in a process of its own, and who types to it. */
class Launched {
  readonly child: ChildProcessWithoutNullStreams
  /** What was printed after all that has been seen. */
  printed = ''
  #look: () => void = () => {}
  #fail: (reason: Error) => void = () => {}

  /** @param inside what runs the Launcher, if it is not to be run here */
  constructor(args: readonly string[] = [], inside: readonly string[] = []) {
    const [program, ...words] = [...inside, process.execPath, launcher, ...args]
    this.child = spawn(program, words)
    this.child.on('exit', () => this.#fail(new Error(`the Launcher ended after ${this.printed.slice(-500)}`)))
    this.child.stdout.on('data', (data) => { this.printed += data; this.#look() })
  }

  see(wanted: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(
        `no '${wanted}' in ${PATIENCE / 1000} s after ${this.printed.slice(-500)}`)), PATIENCE)
      this.#fail = reject
      let from = 0
      this.#look = () => {
        const at = this.printed.indexOf(wanted, from)
        from = Math.max(0, this.printed.length - wanted.length)
        if (at < 0) return
        clearTimeout(late)
        this.#look = () => {}
        resolve(this.printed.slice(0, at))
        this.printed = this.printed.slice(at + wanted.length)
      }
      this.#look()
    })
  }

  type(text: string): void { this.child.stdin.write(text) }

  async ask(line: string): Promise<string> {
    this.type(`${line}\n`)
    return this.see(PROMPT)
  }

  end(): void {
    this.#fail = () => {}
    this.child.kill('SIGKILL')
  }

  /** Seconds of processor time so far. */
  spent(): number {
    const fields = readFileSync(`/proc/${this.child.pid}/stat`, 'utf8').split(') ')[1].split(' ')
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
  }
}

type Asked = Pick<Launched, 'see' | 'ask'>

/** The median of an echo's way there and back, and echoes a second. */
async function pings(what: string, one: Asked, two: Asked): Promise<Row> {
  for (const [who, address] of [[one, '10.0.0.1'], [two, '10.0.0.2']] as const) {
    await who.see(PROMPT)
    await who.ask(`address ${address}`)
  }
  return echoes(what, one, '10.0.0.2')
}

async function echoes(what: string, one: Asked, address: string): Promise<Row> {
  await one.ask(`ping ${address} ${PINGS}`)
  const start = performance.now()
  const answer = await one.ask(`ping ${address} ${PINGS}`)
  const ms = performance.now() - start
  const times = [...answer.matchAll(/(\d+) microseconds/g)].map((match) => Number(match[1])).sort((a, b) => a - b)
  if (times.length !== PINGS) throw new Error(`${what}: ${times.length} of ${PINGS} answered`)
  return { what: `ping, ${what}`, value: times[PINGS >> 1], unit: 'us', note: `median of ${PINGS}; ${Math.round(PINGS / ms * 1000)} echoes a second, printed` }
}

async function inOneProcess(): Promise<Row[]> {
  const shared = await sharing(2)
  const rows = [await pings('two Guests of one Host, shared page', shared[0], shared[1])]
  await Promise.all(shared.map((puppy) => puppy.halt()))
  const wired = linkedWires().map((wire) => Neighbour.on(wire))
  rows.push(await pings('two Hosts in one process', wired[0], wired[1]))
  await Promise.all(wired.map((puppy) => puppy.halt()))
  return rows
}

async function inTwo(what: string, one: string[], two: string[]): Promise<Row> {
  const first = new Launched(one)
  await new Promise((resolve) => { setTimeout(resolve, 300) })
  const second = new Launched(two)
  try {
    return await pings(what, first, second)
  } finally {
    first.end()
    second.end()
  }
}

/** The kernel of a network made for the purpose, at the other end of a tap; none if we may not. */
async function tapped(): Promise<Row[]> {
  const inside = ['unshare', '--net']
  try {
    execFileSync(inside[0], [...inside.slice(1), 'true'], { stdio: 'ignore' })
  } catch {
    return []
  }
  const puppy = new Launched(['--tunnet=10.0.0.2'], inside)
  try {
    await puppy.see(PROMPT)
    await puppy.ask('address 10.0.0.1')
    return [await echoes('through a tap, this machine\'s kernel', puppy, '10.0.0.2')]
  } finally {
    puppy.end()
  }
}

/**
 * Two megabytes: from the disk alone (a wrong sum keeps them from being
 * printed), and printed. In processor time, which other work on the machine
 * does not stretch.
 */
async function diskAndConsole(disk: string): Promise<Row[]> {
  const image = makeKennel({ spoilt: new Uint8Array(2 * MB), good: new Uint8Array(2 * MB).fill(65) }, 9000)
  image[5 * 512] = 1
  writeFileSync(disk, image)
  const puppy = new Launched(['--block', disk])
  const once = async (file: string) => {
    const [spent, start] = [puppy.spent(), performance.now()]
    await puppy.ask(`cat ${file}`)
    return { spent: puppy.spent() - spent, clock: (performance.now() - start) / 1000 }
  }
  try {
    await puppy.see(PROMPT)
    const [read, both] = [[], []] as { spent: number, clock: number }[][]
    for (let i = 0; i < WARM + ROUNDS; i++) {
      read[i] = await once('spoilt')
      both[i] = await once('good')
    }
    const mean = (times: typeof read, of: 'spent' | 'clock') => (
      times.slice(WARM).reduce((sum, time) => sum + time[of], 0) / ROUNDS)
    const printing = (of: 'spent' | 'clock') => 2 / (mean(both, of) - mean(read, of))
    const unit = 'MiB/s'
    return [
      { what: 'disk, read by Puppy with its sum', value: 2 / mean(read, 'spent'), unit, note: 'of processor time; 4 KiB a request' },
      { what: 'console, through a pipe', value: printing('spent'), unit, note: 'of processor time; 256 bytes a record; at least 10' },
      { what: 'console, by the clock', value: printing('clock'), unit, note: 'the same; a busy machine stretches it' },
    ]
  } finally {
    puppy.end()
  }
}

/** Processor time from one look at the keyboard to the next, while a Guest computes. */
async function looks(): Promise<Row> {
  const [wire] = linkedWires()
  const puppy = Neighbour.on(wire)
  await puppy.see(PROMPT)
  const spans: number[] = []
  let since = process.cpuUsage()
  puppy.platform.breathe = () => {
    const { user, system } = process.cpuUsage(since)
    spans.push((user + system) / 1000)
    return new Promise((resolve) => { setImmediate(() => { since = process.cpuUsage(); resolve() }) })
  }
  await puppy.ask('spin 3000')
  spans.splice(0, spans.length >> 1)
  spans.sort((a, b) => a - b)
  await puppy.halt()
  return { what: 'a computing Guest, from one look at the keys to the next', value: spans[spans.length >> 1], unit: 'ms', note: `processor time; longest ${spans.at(-1)!.toFixed(1)}; under 10` }
}

async function idleAndKeys(): Promise<Row[]> {
  const puppy = new Launched()
  try {
    await puppy.see(PROMPT)
    await new Promise((resolve) => { setTimeout(resolve, 1000) })
    const before = puppy.spent()
    await new Promise((resolve) => { setTimeout(resolve, 5000) })
    const idle = (puppy.spent() - before) / 5 * 100
    const waits = []
    for (let i = 0; i < 9; i++) {
      puppy.type('spin 60000\n')
      await puppy.see('spin 60000')
      await new Promise((resolve) => { setTimeout(resolve, 150) })
      const start = performance.now()
      puppy.type('\x03')
      await puppy.see(PROMPT)
      waits.push(performance.now() - start)
    }
    waits.sort((a, b) => a - b)
    return [
      { what: 'processor of a Launcher whose Guest is halted', value: idle, unit: '%', note: 'over 5 s; under 2' },
      { what: 'a ^C to a computing Guest, up to the next prompt', value: waits[4], unit: 'ms', note: `median of 9, longest ${waits[8].toFixed(1)}; under 10` },
    ]
  } finally {
    puppy.end()
  }
}

/** Hands to the second who connects what the first sends, and the other way. */
async function relay(path: string): Promise<Server> {
  let first: Socket | null = null
  const server = createServer((socket) => {
    socket.on('error', () => {})
    if (first) first.pipe(socket).pipe(first)
    else first = socket
  })
  await new Promise<void>((resolve) => { server.listen(path, resolve) })
  return server
}

async function run(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'lguest-bench-'))
  const path = join(folder, 'socket')
  const server = await relay(path)
  const socket = ['--socketnet', `unix:${path}`]
  try {
    return [
      ...await diskAndConsole(join(folder, 'disk')), ...await idleAndKeys(), await looks(), ...await inOneProcess(),
      await inTwo('two processes, UDP', ['--wire', '47001-47002'], ['--wire', '47002-47001']),
      await inTwo('two processes, a shared file', [`--sharenet=${join(folder, 'lan')}`], [`--sharenet=${join(folder, 'lan')}`]),
      ...await tapped(),
      await inTwo('two processes, a stream and who relays it', socket, socket),
    ]
  } finally {
    server.close()
    rmSync(folder, { recursive: true })
  }
}

export default { name: 'Devices, idle and keys', run } satisfies Bench

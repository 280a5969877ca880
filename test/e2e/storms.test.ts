/**
 * Whatever a Guest does, whoever sits before it can leave, and the terminal is
 * as it was. Storms of three eras, at a terminal. Each is left by three ^C and in one more way;
 * LGUEST_STORMS=all leaves each in every way.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { MEGABYTES, STORM_KERNELS } from '../support/storm-kernels.ts'
import type { StormKernel } from '../support/storm-kernels.ts'
import { finish } from './finish.ts'
import { BETWEEN_LOOKS, pause, Terminal } from './launching.ts'

const ALL = process.env.LGUEST_STORMS === 'all'
const [DISK_BYTES, LONG_ENOUGH] = [64 << 20, 400]
/** Milliseconds: a crowd in front of the processor is not the Launcher's fault. */
const PATIENCE = 60_000

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lguest-storms-'))
  writeFileSync(join(folder, 'disk'), '')
  truncateSync(join(folder, 'disk'), DISK_BYTES)
})
afterAll(() => rmSync(folder, { recursive: true }))

type Leave = (terminal: Terminal, pid: number) => Promise<void> | void
interface Way { how: string, status: number, leave: Leave }

const bySignal = (signal: NodeJS.Signals, status: number): Way =>
  ({ how: signal, status, leave: (_terminal, pid) => { process.kill(pid, signal); } })

const SINGLE: Way = { how: 'three single ^C', status: 2, leave: async (terminal) => {
  for (let i = 0; i < 3; i++) {
    terminal.type('\x03')
    await pause(150)
  }
} }

const WAYS: Way[] = [
  { how: 'three ^C in one read', status: 2, leave: (terminal) => terminal.type('\x03\x03\x03') },
  SINGLE,
  bySignal('SIGINT', 130), bySignal('SIGTERM', 143), bySignal('SIGHUP', 129),
]

/** A storm at a terminal, when it has raged for a while. */
async function rage({ era, file, takes }: StormKernel, option = ''): Promise<{ terminal: Terminal, pid: number }> {
  const kernel = join(folder, 'kernel')
  writeFileSync(kernel, file)
  const devices = takes === 'disk' ? `--block=${join(folder, 'disk')}` : takes === 'card' ? '--net=lan' : ''
  const terminal = new Terminal(BETWEEN_LOOKS(`${option} --era=${era} ${devices} ${MEGABYTES} ${kernel}`))
  await terminal.see('pid:')
  await terminal.see('.')
  const tty = /tty:(\S+)/.exec(terminal.screen)![1]
  while (!execFileSync('stty', ['-a', '-F', tty]).toString().includes('-icanon')) await pause(20)
  await pause(LONG_ENOUGH)
  return { terminal, pid: Number(/pid:(\d+)\./.exec(terminal.screen)![1]) }
}

async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0)
    } catch {
      return
    }
    await pause(20)
  }
}

const cases = STORM_KERNELS.flatMap((kernel, i) => WAYS
  .filter((way, w) => ALL || way === SINGLE || w === i % WAYS.length)
  .map((way) => ({ kernel, way, name: `era ${kernel.era}, ${kernel.what}: ${way.how}` })))

describe('under a storm', () => {
  it.each(cases)('$name', { timeout: PATIENCE }, async ({ kernel, way }) => {
    const { terminal, pid } = await rage(kernel)
    await way.leave(terminal, pid)
    await finish(terminal, way.status)
  })
})

describe('under a storm that prints, while nobody reads', () => {
  const stalled = STORM_KERNELS.filter(({ prints }) => prints).flatMap((kernel) =>
    WAYS.map((way) => ({ kernel, way, name: `era ${kernel.era}: ${way.how}` })))

  it.each(stalled)('$name', { timeout: PATIENCE }, async ({ kernel, way }) => {
    const { terminal, pid } = await rage(kernel)
    terminal.stall()
    await pause(LONG_ENOUGH)
    await way.leave(terminal, pid)
    await gone(pid)
    terminal.readOn()
    await finish(terminal, way.status)
  })
})

describe('under a storm whose turns are counted in instructions alone', () => {
  it.each(['square roots', 'rewrites itself', 'sends nothing', 'restarts'])('%s: three ^C in one read', { timeout: PATIENCE }, async (what) => {
    const { terminal } = await rage(STORM_KERNELS.find((kernel) => kernel.what === what)!, '--deterministic')
    terminal.type('\x03\x03\x03')
    await finish(terminal, 2)
  })
})

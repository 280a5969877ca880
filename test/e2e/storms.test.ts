/** However a Guest storms, its user gets out, by keys and by signals, and nobody's output is lost. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stormImage, STORMS } from '../support/storm-images.ts'
import { BETWEEN_LOOKS, launcher, looks, pause, root, shell, Terminal } from './launching.ts'

const MEGABYTES = 8
let folder = ''
const image = (name: string) => join(folder, `${name.replaceAll(' ', '-')}.elf`)
const args = (name: string) =>
  `${name === 'reading its disk' ? `--block=${join(folder, 'disk')} ` : ''}--era A ${MEGABYTES} ${image(name)}`

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'storms-'))
  writeFileSync(join(folder, 'disk'), new Uint8Array(4 << 20))
  for (const name of Object.keys(STORMS)) writeFileSync(image(name), stormImage(name, MEGABYTES))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The Launcher is the storm's own by now. */
async function raging(terminal: Terminal): Promise<number> {
  await terminal.see('pid:')
  await terminal.see('.')
  await pause(1500)
  return Number(/pid:(\d+)\./.exec(terminal.screen)![1])
}

const WAYS: Record<string, { status: number, leave: (terminal: Terminal, pid: number) => Promise<void> | void }> = {
  'three ^C in one read': { status: 2, leave: (terminal) => terminal.type('\x03\x03\x03') },
  'three ^C, one by one': { status: 2, leave: async (terminal) => {
    for (let i = 0; i < 3; i++) {
      terminal.type('\x03')
      await pause(100)
    }
  } },
  SIGTERM: { status: 143, leave: (_terminal, pid) => { process.kill(pid, 'SIGTERM'); } },
}

describe.each(Object.keys(STORMS))('a Guest that is %s', (name) => {
  it.each(Object.keys(WAYS))('is left by %s, and the terminal is as it was', async (way) => {
    const terminal = new Terminal(BETWEEN_LOOKS(args(name)))
    try {
      await WAYS[way].leave(terminal, await raging(terminal))
      await terminal.see(`status:${WAYS[way].status}`)
      await terminal.see('done')
      const { before, after } = looks(terminal.screen)
      expect(before).not.toBe('')
      expect(after).toBe(before)
    } finally {
      terminal.kill()
    }
  }, 40_000)
})

describe('output that nobody takes', () => {
  /** A Launcher whose output goes into a pipe of the shell's that nobody reads. */
  const stalled = (end: string) => shell(
    `exec 3> >(exec sleep 8 >/dev/null 2>&1); node ${launcher} ${args('printing')} >&3 & pid=$!; sleep 2; ${end}; wait $pid; echo "status $?"`)

  it.each([['SIGTERM', 143], ['SIGINT', 130], ['SIGHUP', 129]])('%s ends it all the same', async (signal, status) => {
    const { out } = await stalled(`kill -s ${signal} $pid`)
    expect(out).toContain(`status ${status}`)
  }, 40_000)

  it('three ^C at a terminal that takes no more', async () => {
    const terminal = new Terminal(`node ${launcher} ${args('printing')} > >(exec sleep 8 2>/dev/null); echo "status:$?"`.replace(/^/, 'exec bash -c \'').concat('\''))
    try {
      await pause(2500)
      terminal.type('\x03\x03\x03')
      await terminal.see('status:2')
    } finally {
      terminal.kill()
    }
  }, 40_000)

  it('a socket that is not read holds up the Guest, not the Launcher, and all arrives in the end', async () => {
    const child = spawn(process.execPath, [launcher], { cwd: root })
    child.stdin.end('spin 1\n'.repeat(3) + Array.from({ length: 1500 }, (_, i) => `echo word-${i} ${'x'.repeat(100)}\n`).join('') + 'halt\n')
    await pause(3000)
    let out = ''
    child.stdout.on('data', (data) => { out += data; })
    const status = await new Promise((resolve) => child.on('close', resolve))
    expect(status).toBe(0)
    expect(out.match(/^word-\d+ x{100}\r?$/gm)).toHaveLength(1500)
  }, 60_000)

  it('a slow reader of a pipe loses nothing, and the last words come last', async () => {
    const { out, status } = await shell(
      `(for i in $(seq 1 800); do echo "echo word-$i ${'y'.repeat(80)}"; done; echo crash panic) | node ${launcher} 2>&1 | (sleep 2; cat)`)
    expect(status).toBe(0)
    expect(out.match(/^word-\d+ y{80}\r?$/gm)).toHaveLength(800)
    expect(out.trimEnd().split('\n').at(-1)).toMatch(/^lguest: CRASH/)
  }, 60_000)
})

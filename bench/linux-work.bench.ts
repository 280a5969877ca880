/**
 * What a real kernel does all day, inside: system calls, faults, processes, a
 * shell, sums, a disk; under the Launcher and, where they are installed, under
 * two emulators that boot the same kernel as a PC: QEMU (TCG) and v86.
 *
 * LGUEST_KERNEL is a bzImage with CONFIG_LGUEST_GUEST, and for the two others
 * with a console on a serial port; LGUEST_INITRD has a busybox whose shell
 * is on the console. v86 needs a BIOS: LGUEST_BIOS, or where Debian puts one.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Bench, Row } from './bench.ts'
import { archiveOf, kernelWork, padded, timesOf } from './guest-programs.ts'

const { LGUEST_KERNEL: kernel, LGUEST_INITRD: initrd } = process.env
const BIOS = process.env.LGUEST_BIOS ?? '/usr/share/seabios/bios.bin'
const PROMPT = process.env.LGUEST_PROMPT ?? '# '
/** v86 puts the initrd at 64 MB. */
const MEGABYTES = 128
const DISK_MEGABYTES = 16
/** Seconds until a side is given up. */
const PATIENCE = 180
const PC = 'console=ttyS0 quiet'
const SHELLS = 40
const SUMMED_MEGABYTES = 4

const root = fileURLToPath(new URL('..', import.meta.url))

interface Side { name: string, command: string[] }
type Measured = Map<string, number>

/** What is measured by this side's clock: shell text, and how many are in it. */
const COMMANDS: [string, string, number][] = [
  ['shell', `i=0; while [ $i -lt ${SHELLS} ]; do sh -c true; i=$((i+1)); done`, SHELLS],
  ['sha256', `dd if=/dev/zero bs=64k count=${SUMMED_MEGABYTES * 16} 2>/dev/null | sha256sum`, SUMMED_MEGABYTES],
  ['gzip', 'gzip -c /bin/busybox >/dev/null', 1],
  ['disk', `dd if=/dev/vda of=/dev/null bs=64k count=${DISK_MEGABYTES * 16}`, DISK_MEGABYTES],
]

/** One life of a Guest, on pipes. */
class Life {
  private readonly child: ChildProcess
  private readonly name: string
  private printed = ''
  private wake = () => {}
  readonly start = performance.now()

  constructor({ name, command: [program, ...args] }: Side) {
    this.name = name
    this.child = spawn(program, args, { cwd: root, stdio: ['pipe', 'pipe', 'ignore'] })
    this.child.stdin!.on('error', () => {})
    this.child.on('error', () => {})
    this.child.stdout!.on('data', (data) => { this.printed += data; this.wake() })
  }

  /** Waits until `text` is printed; what came before it. */
  async see(text: string): Promise<string> {
    const end = performance.now() + PATIENCE * 1000
    while (!this.printed.includes(text)) {
      if (performance.now() > end || this.child.exitCode !== null) {
        throw new Error(`under ${this.name}, '${text}' was not printed, but:\n${this.printed.slice(-600)}`)
      }
      await new Promise<void>((resolve) => { this.wake = resolve; setTimeout(resolve, 1000) })
    }
    const [before] = this.printed.split(text, 1)
    this.printed = this.printed.slice(before.length + text.length)
    return before
  }

  private count = 0
  /** Runs a command of the Guest's shell: milliseconds, and what it printed. */
  async run(command: string): Promise<[number, string]> {
    const mark = ++this.count
    const start = performance.now()
    this.child.stdin!.write(`${command}; echo end-$((${mark} * 7))-\n`)
    const printed = await this.see(`end-${mark * 7}-`)
    return [performance.now() - start, printed]
  }

  end(): void { this.child.kill('SIGKILL') }
}

async function measure(side: Side): Promise<Measured> {
  const life = new Life(side)
  try {
    await life.see(PROMPT)
    const times: Measured = new Map([['boot', performance.now() - life.start]])
    await life.run('PATH=/bin:/sbin:/usr/bin:/usr/sbin')
    const [, printed] = await life.run('/kernel-work')
    for (const [name, microseconds] of timesOf(printed)) times.set(name, microseconds)
    for (const [name, command, count] of COMMANDS) {
      const [, missing] = name === 'disk' ? await life.run('[ -b /dev/vda ] || echo no-disk-$((1))') : [0, '']
      if (missing.includes('no-disk-1')) continue
      times.set(name, (await life.run(command))[0] / count)
    }
    return times
  } finally { life.end() }
}

function sidesIn(folder: string): Side[] {
  const [ramdisk, disk] = [join(folder, 'initrd'), join(folder, 'disk')]
  writeFileSync(ramdisk, Buffer.concat([padded(readFileSync(initrd!)), archiveOf('kernel-work', kernelWork())]))
  writeFileSync(disk, new Uint8Array(DISK_MEGABYTES << 20))
  const sides = [{ name: 'ours', command: [process.execPath, 'bin/lguest.mjs', `--initrd=${ramdisk}`, `--block=${disk}`,
    String(MEGABYTES), kernel!, 'quiet'] }]
  if (spawnSync('qemu-system-i386', ['--version']).status === 0) {
    sides.push({ name: 'QEMU', command: ['qemu-system-i386', '-accel', 'tcg', '-m', String(MEGABYTES), '-nographic',
      '-kernel', kernel!, '-initrd', ramdisk, '-append', PC, '-drive', `file=${disk},format=raw,if=virtio`] })
  }
  if (existsSync(BIOS)) {
    sides.push({ name: 'v86', command: [process.execPath, 'bench/v86-pc.mjs', BIOS, kernel!, ramdisk, PC, String(MEGABYTES)] })
  }
  return sides
}

const ROWS: [string, string, string][] = [
  ['boot', 'start of the process to the shell', 'ms'], ['getppid', 'getppid', 'us'],
  ['pipe', 'a byte through a pipe, one process', 'us'], ['map', 'fault by mmap', 'us'],
  ['cow', 'copy on write', 'us'], ['signal', 'SIGSEGV, handled', 'us'], ['fork', 'fork, exit, wait', 'us'], ['exec', 'fork, exec, exit, wait', 'us'],
  ['shell', 'sh -c true', 'ms'], ['sha256', 'sha256sum, a megabyte', 'ms'],
  ['gzip', 'gzip of the busybox', 'ms'], ['disk', 'a megabyte of disk', 'ms'],
]

/** Beside whom, in the order of the columns. */
const OTHERS = ['QEMU', 'v86']

function toRow([key, what, unit]: [string, string, string], times: Map<string, Measured>): Row | null {
  const ours = times.get('ours')?.get(key)
  if (ours === undefined) return null
  const digits = (n: number) => n.toFixed(n < 10 ? 2 : n < 100 ? 1 : 0)
  const cells = OTHERS.flatMap((name) => {
    const other = times.get(name)?.get(key)
    return other === undefined ? ['-', ''] : [`${digits(other)} ${unit}`, `${(other / ours).toFixed(2)} ×`]
  })
  return { what, value: Number(digits(ours)), unit, cells }
}

const titles = OTHERS.flatMap((name) => [name, 'ours is'])

async function run(): Promise<Row[]> {
  if (!kernel || !initrd) return []
  const folder = mkdtempSync(join(tmpdir(), 'lguest-bench-'))
  try {
    const times = new Map<string, Measured>()
    for (const side of sidesIn(folder)) {
      try {
        times.set(side.name, await measure(side))
      } catch (error) { console.error((error as Error).message) }
    }
    const rows = ROWS.map((row) => toRow(row, times)).filter((row) => row !== null)
    return [...rows, { what: 'load of this machine, after', value: loadavg()[0], unit: '' }]
  } finally { rmSync(folder, { recursive: true }) }
}

const missing = kernel && initrd ? '' : ': set LGUEST_KERNEL and LGUEST_INITRD to measure it'
export default { name: `Work of a real kernel${missing}`, columns: titles, run } satisfies Bench

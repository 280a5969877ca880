/**
 * The sides of a comparison: one kernel under the Launcher and, where they are
 * installed, under two emulators that boot it as a PC: QEMU (TCG) and v86.
 *
 * LGUEST_KERNEL is a bzImage with CONFIG_LGUEST_GUEST, and for the two others
 * with a console on a serial port; LGUEST_KERNEL_PAE one more, for ours;
 * LGUEST_INITRD has a busybox whose shell is on the console. v86 needs a BIOS:
 * LGUEST_BIOS, or where Debian puts one.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Row } from './bench.ts'
import { archiveOf, padded } from './guest-programs.ts'

const { LGUEST_KERNEL: kernel, LGUEST_KERNEL_PAE: kernelPae, LGUEST_INITRD: initrd } = process.env
const BIOS = process.env.LGUEST_BIOS ?? '/usr/share/seabios/bios.bin'
const PROMPT = process.env.LGUEST_PROMPT ?? '# '
/** v86 puts the initrd at 64 MB. */
const MEGABYTES = 128
export const DISK_MEGABYTES = 16
/** Seconds until a side is given up. */
const PATIENCE = 300
const PC = 'console=ttyS0 quiet'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Ends a bench's name if there is nothing to measure. */
export const missing = kernel && initrd ? '' : ': set LGUEST_KERNEL and LGUEST_INITRD to measure it'

interface Side { name: string, command: string[] }

/** One life of a Guest, on pipes. */
export class Life {
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

/** Programs for the initial RAM disk, by the names they get there. */
type Programs = Record<string, Uint8Array>

/** The sides; `socket` is where a network's frames go, of those that have one. */
function sidesIn(folder: string, programs: Programs, socket: string | null): Side[] {
  const [ramdisk, disk] = [join(folder, 'initrd'), join(folder, 'disk')]
  const archives = Object.entries(programs).map(([name, bytes]) => archiveOf(name, bytes))
  writeFileSync(ramdisk, Buffer.concat([padded(readFileSync(initrd!)), ...archives]))
  writeFileSync(disk, new Uint8Array(DISK_MEGABYTES << 20))
  const wire = socket === null ? [] : [`--socketnet=unix:${socket}`]
  const ours = (image: string) => [process.execPath, 'bin/lguest.mjs', `--initrd=${ramdisk}`, `--block=${disk}`, ...wire,
    String(MEGABYTES), image, 'quiet']
  const sides = [{ name: 'ours', command: ours(kernel!) }]
  if (kernelPae) sides.push({ name: 'with PAE', command: ours(kernelPae) })
  if (spawnSync('qemu-system-i386', ['--version']).status === 0) {
    const card = socket === null ? ['-nic', 'none']
      : ['-netdev', `stream,id=n,server=off,addr.type=unix,addr.path=${socket}`, '-device', 'virtio-net-pci,netdev=n']
    sides.push({ name: 'QEMU', command: ['qemu-system-i386', '-accel', 'tcg', '-m', String(MEGABYTES), '-nographic',
      '-kernel', kernel!, '-initrd', ramdisk, '-append', PC, '-drive', `file=${disk},format=raw,if=virtio`, ...card] })
  }
  if (existsSync(BIOS)) {
    sides.push({ name: 'v86', command: [process.execPath, 'bench/v86-pc.mjs', BIOS, kernel!, ramdisk, PC, String(MEGABYTES)] })
  }
  return sides
}

export type Measured = Map<string, number>

/** What `measure` finds on each side, one after the other; a side that fails says why and is left out. */
export async function bySide(
  programs: Programs, measure: (life: Life, side: string) => Promise<Measured>, socket: string | null = null,
): Promise<Map<string, Measured>> {
  const all = new Map<string, Measured>()
  const folder = mkdtempSync(join(tmpdir(), 'lguest-bench-'))
  try {
    for (const side of sidesIn(folder, programs, socket)) {
      const life = new Life(side)
      try {
        await life.see(PROMPT)
        const booted = performance.now() - life.start
        await life.run('PATH=/bin:/sbin:/usr/bin:/usr/sbin')
        all.set(side.name, new Map([['boot', booted], ...await measure(life, side.name)]))
      } catch (error) {
        console.error((error as Error).message)
      } finally { life.end() }
    }
    return all
  } finally { rmSync(folder, { recursive: true }) }
}

/** Whether there is a kernel to measure. */
export const given = Boolean(kernel && initrd)

export const digits = (n: number): string => n.toFixed(n < 10 ? 2 : n < 100 ? 1 : 0)

/** Ours beside each of `others`: what they take, and how many times as fast ours is. */
export function besides(key: string, all: Map<string, Measured>, others: string[], unit: string): string[] {
  const ours = all.get('ours')!.get(key)!
  return others.flatMap((name) => {
    const other = all.get(name)?.get(key)
    return other === undefined ? ['-', ''] : [`${digits(other)} ${unit}`, `${(other / ours).toFixed(2)} ×`]
  })
}

export const load = (): Row => ({ what: 'load of this machine, after', value: loadavg()[0], unit: '' })

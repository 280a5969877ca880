/**
 * What a real kernel does all day, inside: system calls, faults, processes, a
 * shell, sums, a disk, a network; under the Launcher and beside it QEMU and
 * v86 (linux-lives.ts).
 */
import type { Bench, Row } from './bench.ts'
import { kernelWork, timesOf } from './guest-programs.ts'
import { besides, bySide, digits, DISK_MEGABYTES, given, load, missing, type Life, type Measured } from './linux-lives.ts'
import { networkRate, throughNetwork } from './linux-network.ts'

const SHELLS = 40
const SUMMED_MEGABYTES = 4

/** What is measured by this side's clock: shell text, and how many are in it. */
const COMMANDS: [string, string, number][] = [
  ['shell', `i=0; while [ $i -lt ${SHELLS} ]; do sh -c true; i=$((i+1)); done`, SHELLS],
  ['sha256', `dd if=/dev/zero bs=64k count=${SUMMED_MEGABYTES * 16} 2>/dev/null | sha256sum`, SUMMED_MEGABYTES],
  ['gzip', 'gzip -c /bin/busybox >/dev/null', 1],
  ['disk', `dd if=/dev/vda of=/dev/null bs=64k count=${DISK_MEGABYTES * 16}`, DISK_MEGABYTES],
]

async function measure(life: Life, side: string, url: string | null): Promise<Measured> {
  const [, printed] = await life.run('/kernel-work')
  const times: Measured = timesOf(printed)
  for (const [name, command, count] of COMMANDS) {
    const [, answer] = name === 'disk' ? await life.run('[ -b /dev/vda ] || echo no-disk-$((1))') : [0, '']
    if (answer.includes('no-disk-1')) continue
    times.set(name, (await life.run(command))[0] / count)
  }
  if (url !== null && side !== 'v86') times.set('network', 1000 / await networkRate(life, url))
  return times
}

const ROWS: [string, string, string][] = [
  ['boot', 'start of the process to the shell', 'ms'], ['getppid', 'getppid', 'us'],
  ['pipe', 'a byte through a pipe, one process', 'us'], ['map', 'fault by mmap', 'us'],
  ['cow', 'copy on write', 'us'], ['signal', 'SIGSEGV, handled', 'us'], ['fork', 'fork, exit, wait', 'us'], ['exec', 'fork, exec, exit, wait', 'us'],
  ['shell', 'sh -c true', 'ms'], ['sha256', 'sha256sum, a megabyte', 'ms'],
  ['gzip', 'gzip of the busybox', 'ms'], ['disk', 'a megabyte of disk', 'ms'], ['network', 'a megabyte by TCP, passt', 'ms'],
]

/** Beside whom, in the order of the columns. */
const OTHERS = ['with PAE', 'QEMU', 'v86']

function toRow([key, what, unit]: [string, string, string], times: Map<string, Measured>): Row | null {
  const ours = times.get('ours')?.get(key)
  if (ours === undefined) return null
  return { what, value: Number(digits(ours)), unit, cells: besides(key, times, OTHERS, unit) }
}

async function rows(url: string | null, socket: string | null): Promise<Row[]> {
  const times = await bySide({ 'kernel-work': kernelWork() }, (life, side) => measure(life, side, url), socket)
  return ROWS.map((row) => toRow(row, times)).filter((row) => row !== null)
}

async function run(): Promise<Row[]> {
  if (!given) return []
  return [...await throughNetwork(rows), load()]
}

const columns = OTHERS.flatMap((name) => [name, 'ours is'])
export default { name: `Work of a real kernel${missing}`, columns, run } satisfies Bench

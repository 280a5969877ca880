/**
 * What a piece of a real kernel's work needs of the Host: world switches,
 * hypercalls, faults. It takes the kernel that linux-work takes, and no clock.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Bench, Row } from './bench.ts'
import { bundle } from './bundle.ts'
import { archiveOf, kernelWork, padded, roundsOf, SHARED_PAGES } from './guest-programs.ts'

const { LGUEST_KERNEL: kernel, LGUEST_INITRD: initrd } = process.env
const PROMPT = process.env.LGUEST_PROMPT ?? '# '
const MEGABYTES = '128'
const COLUMNS = ['switches', 'calls', 'settled', 'reflected'] as const
type Counts = Record<typeof COLUMNS[number] | 'instructions', number>

/** What was counted up to each mark, in the order of the marks. */
async function marks(ramdisk: string): Promise<(Counts & { name: string })[]> {
  const module = fileURLToPath(await bundle('bench/observed-launcher.ts'))
  const child = spawn(process.execPath, [module, '--stats', `--initrd=${ramdisk}`, MEGABYTES, kernel!, 'quiet'],
    { stdio: ['pipe', 'pipe', 'ignore', 'pipe'] })
  let [told, printed, asked] = ['', '', false]
  ;(child.stdio[3] as Readable).on('data', (data) => { told += data })
  child.stdout!.on('data', (data) => {
    printed += data
    if (!asked && printed.includes(PROMPT)) {
      asked = true
      // the second time everything has been seen before
      child.stdin!.write('/kernel-work; /kernel-work; echo end-$((7 * 6))-\n')
    }
    if (printed.includes('end-42-')) child.kill()
  })
  await new Promise((resolve) => { child.on('exit', resolve) })
  if (!printed.includes('end-42-')) throw new Error(`the Guest has not come to its end, but:\n${printed.slice(-600)}`)
  return told.trim().split('\n').map((text) => JSON.parse(text))
}

/** What one piece takes: the difference to the mark before it. */
function piecesOf(all: (Counts & { name: string })[]): Map<string, Counts> {
  const pieces = new Map<string, Counts>()
  all.slice(1).forEach((after, n) => {
    const each = (key: keyof Counts) => (after[key] - all[n][key]) / roundsOf(after.name)
    pieces.set(after.name, { instructions: each('instructions'), switches: each('switches'), calls: each('calls'),
      settled: each('settled'), reflected: each('reflected') })
  })
  const [fork, share] = [pieces.get('fork')!, pieces.get('share')!]
  const page = (key: keyof Counts) => (share[key] - fork[key]) / SHARED_PAGES
  pieces.set('cow', { instructions: page('instructions'), switches: page('switches'), calls: page('calls'),
    settled: page('settled'), reflected: page('reflected') })
  return pieces
}

const ROWS: [string, string][] = [['getppid', 'getppid'], ['pipe', 'a byte through a pipe, one process'],
  ['map', 'fault by mmap'], ['cow', 'copy on write'], ['signal', 'SIGSEGV, handled'],
  ['fork', 'fork, exit, wait'], ['exec', 'fork, exec, exit, wait']]

async function run(): Promise<Row[]> {
  if (!kernel || !initrd) return []
  const folder = mkdtempSync(join(tmpdir(), 'lguest-bench-'))
  try {
    const ramdisk = join(folder, 'initrd')
    writeFileSync(ramdisk, Buffer.concat([padded(readFileSync(initrd)), archiveOf('kernel-work', kernelWork())]))
    const pieces = piecesOf(await marks(ramdisk))
    return ROWS.map(([key, what]) => {
      const counts = pieces.get(key)!
      return { what, value: counts.instructions, unit: 'instr', cells: COLUMNS.map((key) => counts[key].toFixed(2)) }
    })
  } finally { rmSync(folder, { recursive: true }) }
}

const missing = kernel && initrd ? '' : ': set LGUEST_KERNEL and LGUEST_INITRD to count it'
export default { name: `What a kernel's work needs${missing}`,
  columns: ['world switches', 'hypercalls', 'faults settled', 'reflected'], run } satisfies Bench

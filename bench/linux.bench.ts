/**
 * A real kernel's boot, if there is one: set LGUEST_KERNEL to a vmlinux or
 * bzImage with CONFIG_LGUEST_GUEST, and LGUEST_INITRD to what it shall mount.
 * LGUEST_READY is the text that ends the boot.
 */
import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Bench, Row } from './bench.ts'
import { bundle } from './bundle.ts'

const { LGUEST_KERNEL: kernel, LGUEST_INITRD: initrd } = process.env
const READY = process.env.LGUEST_READY ?? 'Freeing unused kernel memory'
const MEGABYTES = '64'

interface Boot { ms: number, instructions: number, running: number }

/** Boots until READY is printed, then ends the Launcher. */
async function boot(): Promise<Boot> {
  const module = fileURLToPath(await bundle('bench/counted-launcher.ts'))
  const options = initrd ? [`--initrd=${initrd}`] : []
  const start = performance.now()
  const child = spawn(process.execPath, [module, ...options, MEGABYTES, kernel!],
    { stdio: ['pipe', 'pipe', 'inherit', 'pipe'] })
  let counts = ''
  ;(child.stdio[3] as Readable).on('data', (data) => { counts = `${data}`.trim().split('\n').at(-1)! })
  let printed = ''
  return new Promise((resolve, reject) => {
    child.on('exit', () => reject(new Error(`'${READY}' was never printed, but:\n${printed}`)))
    child.stdout!.on('data', (data) => {
      printed += data
      if (!printed.includes(READY)) return
      const [instructions, running] = counts.split(' ').map(Number)
      resolve({ ms: performance.now() - start, instructions, running })
      child.kill()
    })
  })
}

async function run(): Promise<Row[]> {
  if (!kernel) return []
  const boots = [await boot(), await boot(), await boot()].sort((a, b) => a.ms - b.ms)
  const { ms, instructions, running } = boots[0]
  const note = 'best of 3'
  return [
    { what: `start of the process to '${READY}'`, value: ms, unit: 'ms', note },
    { what: 'instructions retired', value: instructions / 1e6, unit: 'M' },
    { what: 'rate while the processor ran', value: instructions / running / 1000, unit: 'MIPS', note: 'target 60' },
    { what: 'share of the time it ran', value: (running / ms) * 100, unit: '%', note: 'the rest is Host, Launcher and waiting' },
  ]
}

const missing = kernel ? '' : ': set LGUEST_KERNEL, and LGUEST_INITRD, to measure it'
export default { name: `A real kernel${missing}`, run } satisfies Bench

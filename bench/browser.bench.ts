/**
 * The same processor in a browser's Worker, beside Node in the same run: the
 * kernels of the cpu bench. CHROMIUM names a browser, or Debian's is taken.
 */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import type { Bench, Row } from './bench.ts'
import { bundle } from './bundle.ts'
import type { Rates } from './worker-kernels.ts'

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'
/** No such place: what is asked for there is answered here. */
const PLACE = 'http://bench.invalid/'

async function inBrowser(file: string): Promise<Rates[]> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] })
  try {
    const page = await browser.newPage()
    const code = await readFile(file, 'utf8')
    await page.route(`${PLACE}**`, (route) => route.fulfill(route.request().url().endsWith('.mjs')
      ? { body: code, contentType: 'text/javascript' } : { body: '', contentType: 'text/html' }))
    await page.goto(PLACE)
    return await page.evaluate(() => new Promise<Rates[]>((resolve, reject) => {
      const worker = new Worker('kernels.mjs', { type: 'module' })
      worker.onmessage = ({ data }) => resolve(data)
      worker.onerror = ({ message }) => reject(new Error(message))
    }))
  } finally { await browser.close() }
}

const mean = (values: number[]) => Math.exp(values.reduce((sum, v) => sum + Math.log(v), 0) / values.length)

function toRow(what: string, here: number[], interpreted: number[], node: number[]): Row {
  const [a, b, c] = [here, interpreted, node].map(mean)
  return { what, value: a, unit: 'MIPS', cells: [`${b.toFixed(0)} MIPS`, `${(a / b).toFixed(2)} ×`, `${c.toFixed(0)} MIPS`, `${(a / c).toFixed(2)} ×`] }
}

async function run(): Promise<Row[]> {
  if (!existsSync(CHROMIUM)) return []
  const module = await bundle('bench/worker-kernels.ts')
  const there = await inBrowser(fileURLToPath(module))
  const node: Rates[] = await (await import(module)).rates()
  const row = (what: string, chosen: (rate: Rates) => boolean) => {
    const [a, b] = [there.filter(chosen), node.filter(chosen)]
    return toRow(what, a.map((r) => r.translated), a.map((r) => r.interpreted), b.map((r) => r.translated))
  }
  return [...there.map(({ name }) => row(name, (rate) => rate.name === name)),
    row('geometric mean, integer kernels', (rate) => !rate.floating)]
}

const missing = existsSync(CHROMIUM) ? '' : ': set CHROMIUM to measure it'
export default { name: `In a browser's Worker${missing}`,
  columns: ['interpreted', 'translating gains', 'Node, translated', 'the browser is'], run } satisfies Bench

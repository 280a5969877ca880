/**
 * The Launcher with --stats, telling on file descriptor 3 what has happened
 * so far whenever its Guest prints a mark, `@name`: a line of JSON.
 */
import { writeSync } from 'node:fs'
import { Cpu } from '../generated/emulator/run/cpu.ts'
import { Output } from '../generated/launcher/node/output.ts'
import { Stats } from '../generated/launcher/stats.ts'

const PAGE_FAULT = 14

let cpu: Cpu | null = null
let stats: Stats | null = null

const { run } = Cpu.prototype
Cpu.prototype.run = function (this: Cpu, budget: number) {
  cpu = this
  return run.call(this, budget)
}
const { entering } = Stats.prototype
Stats.prototype.entering = function (this: Stats, ...given) {
  stats = this
  entering.apply(this, given)
}

function counts(): Record<string, number> {
  const faults = stats!.traps.get(PAGE_FAULT) ?? { times: 0, settled: 0 }
  const calls = [...stats!.calls.values()].reduce((a, b) => a + b, 0)
  return { instructions: cpu!.instructions, switches: stats!.switches, calls,
    settled: faults.settled, reflected: faults.times - faults.settled }
}

let line = ''
const { print } = Output.prototype
Output.prototype.print = function (this: Output, bytes: Uint8Array) {
  line += new TextDecoder().decode(bytes)
  const mark = /@(\w+) /.exec(line)
  if (mark && stats) writeSync(3, `${JSON.stringify({ name: mark[1], ...counts() })}\n`)
  if (mark || line.includes('\n')) line = ''
  return print.call(this, bytes)
}
await import('../generated/launcher/node/main.ts')

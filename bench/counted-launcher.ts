/**
 * The Launcher, telling on file descriptor 3 now and then what its processor
 * has done: a line of instructions retired and milliseconds spent on them.
 */
import { writeSync } from 'node:fs'
import { Cpu } from '../generated/emulator/run/cpu.ts'

const EVERY_MS = 20

const { run } = Cpu.prototype
let spent = 0
let told = 0

Cpu.prototype.run = function (this: Cpu, budget: number) {
  const start = performance.now()
  const exit = run.call(this, budget)
  const now = performance.now()
  spent += now - start
  if (now - told > EVERY_MS) {
    told = now
    writeSync(3, `${this.instructions} ${spent}\n`)
  }
  return exit
}
await import('../generated/launcher/node/main.ts')

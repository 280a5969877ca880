/**
 * Preloaded into a Launcher: how much of the processor it uses between two
 * looks at keys, signals and its other Guests, and how long that took. From
 * LGUEST_LOOKS_AFTER milliseconds on; at the end go to the file LGUEST_LOOKS,
 * for each look, when it was (milliseconds since 1970), and the microseconds of
 * the processor and of the clock before it.
 */
import { writeFileSync } from 'node:fs'

const { LGUEST_LOOKS: file, LGUEST_LOOKS_AFTER: after } = process.env
/** @type {[when: number, used: number, took: number][]} */
const looks = []
let before = 0
let then = 0

function look() {
  const { user, system } = process.cpuUsage()
  const now = performance.now()
  if (before > 0) looks.push([Date.now(), user + system - before, (now - then) * 1000])
  before = user + system
  then = now
  setImmediate(look)
}

if (file !== undefined) {
  setTimeout(look, Number(after))
  process.on('exit', () => { writeFileSync(file, JSON.stringify(looks)); })
}

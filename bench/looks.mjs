/**
 * Preloaded into a Launcher: how much of the processor it uses between two
 * looks at keys, signals and its other Guests. From LGUEST_LOOKS_AFTER
 * milliseconds on; at the end go to the file LGUEST_LOOKS, for each look, when
 * it was (milliseconds since 1970) and the microseconds before it.
 */
import { writeFileSync } from 'node:fs'

const { LGUEST_LOOKS: file, LGUEST_LOOKS_AFTER: after } = process.env
/** @type {[when: number, used: number][]} */
const used = []
let before = 0

function look() {
  const { user, system } = process.cpuUsage()
  if (before > 0) used.push([Date.now(), user + system - before])
  before = user + system
  setImmediate(look)
}

if (file !== undefined) {
  setTimeout(look, Number(after))
  process.on('exit', () => { writeFileSync(file, JSON.stringify(used)); })
}

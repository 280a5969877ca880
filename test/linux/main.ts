/**
 * Boots real Linux kernels under the Launcher and asks them for everything a
 * Linux should be able to do. The kernels are the user's: see HELP.
 */
import { HELP, readSettings } from './settings.ts'
import type { Settings } from './settings.ts'
import { FAILED, Tour } from './tour.ts'
import type { Row } from './tour.ts'

const settings = readSettings(process.env, process.argv.slice(2))
if ('missing' in settings) {
  console.log(`No real kernels today: ${settings.missing.join(' and ')} not `
    + 'set. Skipped: boot, shell, disk, clock, reboot, power off and panic '
    + `of each kernel.\n\n${HELP}`)
} else await main(settings)

async function main(chosen: Settings): Promise<void> {
  const rows: Row[] = []
  const failures: string[] = []
  for (const kernel of chosen.kernels) {
    for (const [index, megabytes] of chosen.memories.entries()) {
      const tour = new Tour(chosen, kernel, megabytes, (what) =>
        progress(`${kernel} ${megabytes} MB: ${what}`))
      await (index === 0 ? tour.whole() : tour.visit())
      rows.push(tour.row)
      failures.push(...tour.failures)
      progress('')
      console.log(sentence(tour.row))
    }
  }
  printTable(rows)
  for (const failure of failures) console.error(`\n${failure}`)
  if (failures.length > 0) process.exitCode = 1
}

/** On a terminal, what is being done; in a pipe nothing. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text.slice(-78)}`)
}

/** What is known of one kernel, as soon as it is: the table needs all of them. */
function sentence(row: Row): string {
  const [kernel, era, image, megabytes, ...rest] = row
  const which = [kernel, era, image].map(([, text]) => text).join(' ')
  return `${which}, ${megabytes[1]} MB: ${rest.map((cell) => cell.join(' ')).join(', ')}`
}

function printTable(rows: readonly Row[]): void {
  const columns = [...new Set(rows.flatMap((row) => [...row.keys()]))]
  const cell = (row: Row, column: string) => row.get(column) ?? ''
  const widths = columns.map((column) => Math.max(column.length,
    ...rows.map((row) => cell(row, column).length)))
  const line = (cells: readonly string[]) =>
    cells.map((text, i) => text.padEnd(widths[i])).join('  ').trimEnd()
  console.log(`\n${line(columns)}`)
  for (const row of rows) {
    console.log(line(columns.map((column) => cell(row, column))))
  }
  const bad = rows.flatMap((row) => [...row.values()]
    .filter((text) => text === FAILED)).length
  console.log(bad === 0 ? '\nAll held.' : `\n${bad} did not hold.`)
}

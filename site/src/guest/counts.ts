/** The table of what the Host counted, for the page and for the weaver alike. */
import type { Counts } from '../../../generated/launcher/browser/counter.ts'

interface Row { name: string, depth: number, times: number, note: string }

/** Rows of a table; `before` are the counts when the last keys were typed. */
export function countRows(now: Counts, before?: Counts): string {
  const earlier = new Map(before ? rowsOf(before).map((row) => [row.name, row.times]) : [])
  return rowsOf(now).map(({ name, depth, times, note }) => {
    const since = times - (earlier.get(name) ?? 0)
    const title = note ? ` title="${note}"` : ''
    return `<tr${since ? '' : ' class="still"'}><th scope="row"${depth ? ' class="part"' : ''}${title}>${name}</th>`
      + `<td>${grouped(times)}</td><td>${before ? `+${grouped(since)}` : ''}</td></tr>`
  }).join('')
}

/** What stands over the rows. */
export const countHead = '<thead><tr><th scope="col">the Host counted</th>'
  + '<th scope="col">since the boot</th><th scope="col">since the keys</th></tr></thead>'

function rowsOf({ instructions, switches, traps, calls, interrupts }: Counts): Row[] {
  return [
    row('instructions', 0, Math.round(instructions)), row('world switches', 0, switches),
    ...section('hypercalls', calls.map(([name, times]) => row(name, 1, times))),
    ...section('traps', traps.map(([name, times, settled]) => row(name, 1, times, fate(times, settled)))),
    ...section('interrupts delivered', interrupts.map(([irq, times]) => row(`irq ${irq}`, 1, times))),
  ]
}

const row = (name: string, depth: number, times: number, note = ''): Row => ({ name, depth, times, note })

function section(name: string, parts: Row[]): Row[] {
  const sum = parts.reduce((total, { times }) => total + times, 0)
  return [row(name, 0, sum), ...[...parts].sort((a, b) => b.times - a.times || (a.name < b.name ? -1 : 1))]
}

/** What became of a trap's occurrences. */
function fate(times: number, settled: number): string {
  if (settled === times) return 'all settled by the Host'
  return settled === 0 ? 'all reflected to the Guest'
    : `${grouped(settled)} settled by the Host, ${grouped(times - settled)} reflected to the Guest`
}

const grouped = (value: number) => String(value).replace(/\B(?=(\d{3})+$)/g, ',')

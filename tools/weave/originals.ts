/**
 * Where the tags of lguest's own journey stood in Linux, for readers who want
 * to look up how it was told there.
 */

/** A file of Linux, and a release whose copy of it holds the tag. */
export interface Original { file: string, release: string }

const launcher = { file: 'Documentation/lguest/lguest.c', release: 'Linux 2.6.23' }
const device = { file: 'drivers/lguest/lguest_user.c', release: 'Linux 2.6.23' }
const header = { file: 'drivers/lguest/lg.h', release: 'Linux 2.6.23' }
const io = { file: 'drivers/lguest/io.c', release: 'Linux 2.6.23' }
const core = { file: 'drivers/lguest/core.c', release: 'Linux 2.6.23' }
const lateCore = { file: 'drivers/lguest/core.c', release: 'Linux 4.0' }
const traps = { file: 'drivers/lguest/interrupts_and_traps.c', release: 'Linux 2.6.32' }
const tables = { file: 'drivers/lguest/page_tables.c', release: 'Linux 3.11' }

/** Letter, first and last number, and where they stood; the first row that fits holds. */
const rows: [string, number, number, Original][] = [
  ['L', 35, 35, header], ['L', 0, 60, device], ['L', 100, 220, launcher], ['L', 305, 305, core],
  ['L', 310, 315, device], ['L', 300, 410, io],
  ['H', 32, 32, lateCore], ['H', 0, 30, core], ['H', 130, 130, core], ['H', 200, 260, traps], ['H', 300, 508, tables],
  ['P', 400, 400, core], ['P', 700, 700, tables], ['P', 800, 800, traps],
  ['S', 10, 10, core], ['M', 5, 6, traps], ['M', 7, 9, tables],
]

/** Tags of our own that lie between theirs. */
const ours = new Set(['L:005', 'L:105', 'L:125', 'H:020'])

/** None for what lguest did not tell under a tag. */
export function originalOf(tag: string): Original | undefined {
  if (ours.has(tag)) return undefined
  const number = Number(tag.slice(2))
  return rows.find(([letter, from, to]) => letter === tag[0] && from <= number && number <= to)?.[3]
}

/**
 * The difference of two texts by lines: Myers' greedy search for a shortest
 * edit script, furthest-reaching paths per diagonal.
 */

/** Lines `from` to `to` (end exclusive) of the old text became `lines`. */
export interface Hunk {
  from: number
  to: number
  /** Where the new lines begin in the new text, 0-based. */
  at: number
  lines: string[]
}

/** The hunks that lead from one text to the other, in order and apart from each other. */
export function diff(before: string[], after: string[]): Hunk[] {
  let start = 0
  const shorter = Math.min(before.length, after.length)
  while (start < shorter && before[start] === after[start]) start++
  let end = 0
  while (end < shorter - start && before.at(-1 - end) === after.at(-1 - end)) end++
  const old = before.slice(start, before.length - end)
  const now = after.slice(start, after.length - end)
  return hunks(keptLines(old, now), old.length, now, start)
}

/** What lies between kept lines was replaced. */
function hunks(kept: [number, number][], oldLength: number, now: string[], offset: number): Hunk[] {
  const found: Hunk[] = []
  let [x, y] = [0, 0]
  for (const [keptX, keptY] of [...kept, [oldLength, now.length]]) {
    if (keptX > x || keptY > y) {
      found.push({ from: offset + x, to: offset + keptX, at: offset + y, lines: now.slice(y, keptY) })
    }
    [x, y] = [keptX + 1, keptY + 1]
  }
  return found
}

/** Pairs of indices of the lines that both texts keep, ascending. */
function keptLines(old: string[], now: string[]): [number, number][] {
  const trace = search(old, now)
  if (!trace) return []
  const kept: [number, number][] = []
  let [x, y] = [old.length, now.length]
  for (let d = trace.length - 1; d >= 0; d--) {
    const reach = trace[d]
    const k = x - y
    const previous = comesFromAbove(reach, k, d) ? k + 1 : k - 1
    const startX = d === 0 ? 0 : reach.get(previous)!
    const startY = d === 0 ? 0 : startX - previous
    while (x > startX && y > startY && old[x - 1] === now[y - 1]) kept.push([--x, --y])
    ;[x, y] = [startX, startY]
  }
  return kept.reverse()
}

const comesFromAbove = (reach: Map<number, number>, k: number, d: number): boolean =>
  k === -d || (k !== d && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1))

/** Texts that differ by more lines than this are simply two texts. */
const most = 1000

/** For each count of edits d, how far the paths with d - 1 edits reached. */
function search(old: string[], now: string[]): Map<number, number>[] | undefined {
  const trace: Map<number, number>[] = []
  const reach = new Map([[1, 0]])
  for (let d = 0; d <= most; d++) {
    trace.push(new Map(reach))
    for (let k = -d; k <= d; k += 2) {
      let x = comesFromAbove(reach, k, d) ? reach.get(k + 1)! : reach.get(k - 1)! + 1
      while (x < old.length && x - k < now.length && old[x] === now[x - k]) x++
      reach.set(k, x)
      if (x >= old.length && x - k >= now.length) return trace
    }
  }
  return undefined
}

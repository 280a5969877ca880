import { expect, test } from 'vitest'
import { diff, type Hunk } from '../../tools/tangle/diff.ts'

const apply = (before: string[], hunks: Hunk[]) => {
  const after = [...before]
  for (const { from, to, lines } of [...hunks].reverse()) after.splice(from, to - from, ...lines)
  return after
}

const sizes = (hunks: Hunk[]) => hunks.reduce((sum, h) => sum + h.to - h.from + h.lines.length, 0)

test('insertions, deletions and replacements', () => {
  expect(diff(['a', 'b'], ['a', 'b'])).toEqual([])
  expect(diff(['a', 'b'], ['a', 'x', 'b'])).toEqual([{ from: 1, to: 1, at: 1, lines: ['x'] }])
  expect(diff(['a', 'b', 'c'], ['a', 'c'])).toEqual([{ from: 1, to: 2, at: 1, lines: [] }])
  expect(diff(['a', 'b', 'c', 'd'], ['x', 'b', 'c', 'y', 'z'])).toEqual([
    { from: 0, to: 1, at: 0, lines: ['x'] }, { from: 3, to: 4, at: 3, lines: ['y', 'z'] }])
  expect(diff([], ['a'])).toEqual([{ from: 0, to: 0, at: 0, lines: ['a'] }])
})

/** The length of a shortest edit script, by the textbook's table. */
function shortest(a: string[], b: string[]): number {
  const row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    let diagonal = row[0]
    row[0] = i
    for (let j = 1; j <= b.length; j++) {
      const above = row[j]
      row[j] = a[i - 1] === b[j - 1] ? diagonal : 1 + Math.min(above, row[j - 1])
      diagonal = above
    }
  }
  return row[b.length]
}

test('500 random pairs: the hunks lead from one to the other, by as few lines as can be', () => {
  let seed = 20071009
  const random = (n: number) => (seed = (seed * 1103515245 + 12345) >>> 0, (seed >>> 16) % n)
  for (let i = 0; i < 500; i++) {
    const before = Array.from({ length: random(14) }, () => 'abcd'[random(4)])
    const after = Array.from({ length: random(14) }, () => 'abcd'[random(4)])
    const hunks = diff(before, after)
    expect(apply(before, hunks), `pair ${i}`).toEqual(after)
    expect(sizes(hunks), `pair ${i}`).toBe(shortest(before, after))
  }
})

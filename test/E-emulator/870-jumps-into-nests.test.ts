import { describe, expect, test } from 'vitest'
import type { Edge, Node } from '../../generated/emulator/print/graph.ts'
import { edgesOf, longestWays, structure } from '../../generated/emulator/print/structure.ts'

/** Nodes from a list of where each leads; `size` instructions in each. */
function graph(ways: number[][], size = 1): Node[] {
  const nodes = ways.map((): Node => ({ instructions: Array(size).fill(null), next: null, taken: null, guesses: [] }))
  const edge = (to: number | undefined): Edge | null => to === undefined ? null
    : { at: to, to: nodes[to] ?? null, page: -1 }
  ways.forEach(([next, taken], n) => Object.assign(nodes[n], { next: edge(next), taken: edge(taken) }))
  return nodes
}
const spotsOf = (nodes: Node[]) => {
  const spots = structure(nodes[0])
  return nodes.map((node) => spots.get(node)!)
}

describe('E:871 who stands above whom', () => {
  test('where two ways meet, it is the node where they parted', () => {
    const nodes = graph([[1, 2], [3], [3], []])
    const [top, left, right, meeting] = spotsOf(nodes)
    expect([left, right, meeting].map((spot) => spot.dominator)).toEqual([top, top, top])
    expect(top.meetings).toEqual([meeting])
  })
  test('meetings are in the order in which their boxes are opened', () => {
    const [top, , , first, , second] = spotsOf(graph([[1, 2], [3], [3], [4, 5], [5], []]))
    expect(top.meetings).toEqual([first])
    expect(first.meetings).toEqual([second])
    const nodes = graph([[1, 2], [3, 4], [3, 4], [], []])
    const [head, , , a, b] = spotsOf(nodes)
    expect(head.meetings.map((spot) => spot.number)).toEqual([a.number, b.number].sort((x, y) => y - x))
  })
  test('a loop is known by the edge that leads back', () => {
    const [, head, body] = spotsOf(graph([[1], [2], [3, 1], []]))
    expect([head.back, body.back]).toEqual([[body], []])
  })
})

describe('E:872 loops with two doors', () => {
  test('the small room is there twice, and nobody leaves', () => {
    const nodes = graph([[1, 2], [2], [1, 3], []])
    const all = [...structure(nodes[0]).values()]
    expect(all).toHaveLength(nodes.length + 1)
    expect(all.filter((spot) => spot.back.length > 0)).toHaveLength(1)
    expect(all.flatMap(({ node }) => edgesOf(node)).filter(({ to }) => to === null)).toEqual([])
  })
  test('of large ones, one leads out', () => {
    const nodes = graph([[1, 2], [2], [1, 3], []], 7)
    const spots = spotsOf(nodes).filter((spot) => spot !== undefined)
    for (const spot of spots) expect(spot.back).toEqual([])
    expect(nodes.flatMap(edgesOf).filter(({ to }) => to === null)).toHaveLength(1)
  })
  test('random graphs become nests: every edge is a way down, to a meeting, back to a loop, or out', () => {
    let seed = 870
    const below = (n: number) => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 1) % n
    for (let round = 0; round < 2000; round++) {
      const count = 2 + below(12)
      const nodes = graph(Array.from({ length: count }, () =>
        Array.from({ length: below(3) }, () => below(count))))
      const spots = structure(nodes[0])
      for (const [node, from] of spots) {
        for (const { to } of edgesOf(node)) {
          if (!to) continue
          const there = spots.get(to)!
          const above = (spot: typeof from | null): boolean =>
            spot === there || spot?.dominator != null && above(spot.dominator)
          if (there.number <= from.number) expect(above(from)).toBe(true)
          else if (there.forward.length === 1) expect(there.dominator).toBe(from)
          else expect(there.dominator!.meetings).toContain(there)
        }
      }
    }
  })
})

describe('E:873 how far to the next look', () => {
  test('is the longest way that passes no head of a loop', () => {
    const nodes = graph([[1, 2], [3], [4], [4], [5], [6, 4], []], 10)
    const ways = longestWays(structure(nodes[0]))
    expect(nodes.map((node) => ways.get(node))).toEqual([30, 20, 10, 10, 30, 20, 10])
  })
})

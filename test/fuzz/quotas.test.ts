/** Two Guests take turns, and one of them does its worst: the other keeps its share of the processor. */
import { expect, test } from 'vitest'
import type { Case, Step } from '../../fuzz/case.ts'
import { World } from '../../fuzz/world.ts'

const TURNS = 120
/** Of the processor's work, what the neighbour keeps at least. */
const SHARE = 0.4

const storms: Record<string, Step[]> = {
  'goes round and round': [['code', 'ebfe']],
  'asks the Host without end': [['code', 'b800000000cd1febf7']],
  'fills the ring again and again': [['code', 'c6051440000000b800000000cd1febf0']],
  'flushes all its tables': [['code', 'b805000000ba01000000cd1febf2']],
  'copies all of its memory': [['code', 'be00000100bf00000200b900100000f3a5ebef']],
  'rewrites the page it runs in': [['code', 'c605001001c090ebf7']],
  'faults without end': [['code', 'a100004000ebf9']],
  'raises single steps': [['code', '9c810c2400010000 9d90ebf5'.replace(' ', '')]],
  'computes sines': [['code', 'd9ebd9feddd8ebf8']],
}

test.each(Object.entries(storms))('a neighbour that %s leaves 40% of the processor', (_what, steps) => {
  const storm: Case = { class: 'hypercalls', era: 'A', start: 'two', gates: 'trap', steps }
  const world = new World()
  const { good, hostile } = world.share(storm, TURNS)
  expect(hostile).toBeGreaterThan(0)
  expect(good / (good + hostile)).toBeGreaterThanOrEqual(SHARE)
})

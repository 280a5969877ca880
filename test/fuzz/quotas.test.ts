/** Two Guests take turns, and one of them does its worst: the other keeps its share of the processor (H:700). */
import { expect, test } from 'vitest'
import { LGUEST_MAX_DMA } from '../../generated/abi/era-a.ts'
import { storms } from '../../fuzz/storms.ts'
import type { Shared } from '../../fuzz/world.ts'
import { World } from '../../fuzz/world.ts'

const TURNS = 120
/** Of the processor's work, what the neighbour keeps at least. */
const SHARE = 0.4

/** What a storm must have reached, so that the test is one. */
const reached: Record<string, (shared: Shared, world: World) => void> = {
  'has a table in each four megabytes of four directories': ({ frames }) => { expect(frames).toBeGreaterThan(500) },
  'binds all that it may, and more': ({ bound }) => { expect(bound).toBe(LGUEST_MAX_DMA) },
  'has its disk read without end': ({ owed }) => { expect(owed).toBeGreaterThan(500) },
}

const all = Object.entries(storms).flatMap(([quota, some]) => Object.entries(some).map(([what, storm]) => ({ quota, what, storm })))

test.each(all)('$quota: a neighbour that $what leaves 40%', ({ what, storm }) => {
  const world = new World()
  const shared = world.share(storm, TURNS)
  expect(shared.dead).toBe(null)
  expect(shared.hostile).toBeGreaterThan(0)
  expect(shared.good / (shared.good + shared.hostile)).toBeGreaterThanOrEqual(SHARE)
  reached[what]?.(shared, world)
  world.good.examine()
})

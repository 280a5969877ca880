import { describe, expect, it } from 'vitest'
import { measureKinds } from '../../generated/puppy/calls.ts'
import { lines, session } from '../support/puppy.ts'

/** Whoever looks at the table looks at this run. */
const once = session(lines('bench'))

describe('G:801 to G:805', () => {
  it('prints a table in which the long ways cost more than the short', async () => {
    const { answers } = await once
    const [title, ...rows] = answers[0].trimEnd().split('\n')
    expect(title).toMatch(/^what, at its best +times +ticks each$/)
    const cost = new Map(rows.map((row) => {
      const [, name, times, each] = /^(.*?) {2,}(\d+) +(\d+)$/.exec(row)!
      expect(Number(times)).toBeGreaterThan(10)
      return [name, Number(each)]
    }))
    const [nothing, single, ring] = measureKinds.map((kind) => cost.get(kind)!)
    expect(cost.size).toBe(9)
    for (const each of cost.values()) expect(each).toBeGreaterThan(0)
    expect(cost.get('system call, reflected by the Host')!).toBeGreaterThan(cost.get('system call, direct')!)
    expect(cost.get('page fault, copy on write')!).toBeGreaterThan(cost.get('page fault, a fresh page')!)
    expect(ring).toBeLessThan(single)
    expect(nothing).toBeLessThanOrEqual(single)
  })

  it('is the same in every run', async () => {
    const [one, two] = [await once, await session(lines('bench'))]
    expect(one.out).toBe(two.out)
  })
})

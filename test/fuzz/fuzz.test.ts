/**
 * A short run of the fuzzer, its corpus, what it once found, and whether it still sees:
 * every fault of its self-test must find its piece, and two are tried.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseCase } from '../../fuzz/case.ts'
import { Cases } from '../../fuzz/cases.ts'
import { faults, spoil } from '../../fuzz/faults.ts'
import { corpus } from '../../fuzz/guided.ts'
import { Runner } from '../../fuzz/runner.ts'
import { selfTest } from '../../fuzz/self-test.ts'

const SEED = Number(process.env.FUZZ_SEED ?? 20131113)
const CASES = 2000

test(`${CASES} hostile Guests, seed ${SEED}, do no harm`, async () => {
  console.log(`seed ${SEED}; another: FUZZ_SEED`)
  const runner = new Runner()
  const cases = new Cases(SEED, undefined, undefined)
  for (let n = 0; n < CASES; n++) expect(await runner.run(cases.next()!)).toBe(null)
  expect(runner.ends.get('CRASH: done'), 'Guests that came to the end of their steps').toBeGreaterThan(CASES / 10)
  expect(runner.ends.size).toBeGreaterThan(15)
}, 300_000)

test('what reaches code that no other case reaches does no harm', async () => {
  const runner = new Runner()
  const kept = corpus()
  expect(kept.length).toBeGreaterThan(100)
  for (const one of kept) expect(await runner.run(one)).toBe(null)
}, 120_000)

const found = readFileSync(new URL('../../fuzz/found.cases', import.meta.url), 'utf8').split('\n')

describe('what was found once is not found again', () => {
  found.forEach((line, i) => {
    if (!line.startsWith('{')) return
    test(found[i - 1].replace(/^# /, ''), async () => {
      const runner = new Runner()
      for (let again = 0; again < 3; again++) expect(await runner.run(parseCase(line))).toBe(null)
    })
  })
})

describe('the self-test', () => {
  test.each(faults)('knows where to put "$name"', (fault) => {
    const text = readFileSync(new URL(`../../generated/${fault.file}`, import.meta.url), 'utf8')
    expect(spoil(text, fault)).not.toBe(text)
  })

  test('says so when a piece is gone', () => {
    expect(() => spoil('nothing of the kind', faults[0])).toThrow(/finds its piece 0 times in generated\/host\/guest-memory\.ts/)
  })

  test('sees a frame that is held for ever, and descriptors of ring 0', async () => {
    const chosen = faults.filter(({ name }) => ['a frame is held for ever', 'descriptors of ring 0'].includes(name))
    const seen = await selfTest(1, 500, chosen)
    expect(seen.map(({ cases }) => cases)).toEqual([expect.any(Number), expect.any(Number)])
  }, 300_000)
})

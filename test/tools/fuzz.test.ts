import { expect, test } from 'vitest'
import { scratch } from './fixture.ts'
import { fuzzTangle } from './fuzz.ts'

test('100 random books: what goes in comes out, or is refused and stays', async () => {
  const seed = Number(process.env.FUZZ_SEED ?? 20071009)
  console.log(`cases from ${seed} on; another first one: FUZZ_SEED`)
  let carried = 0
  await fuzzTangle(scratch(), seed, 100, (did) => { if (did) carried++ })
  expect(carried).toBeGreaterThan(10)
}, 120_000)

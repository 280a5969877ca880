import { describe, test } from 'vitest'
import { sameAsHardware } from '../../conformance/expect.ts'

describe('E:320 as hardware does it', () => {
  test('sums, differences, logic', () => sameAsHardware(/^(add|sub|cmp|neg|not|adc|sbb|or|and|xor|test)$/), 60000)
  test('counting by one', () => sameAsHardware(/^(inc|dec)$/), 60000)
  test('exchange and add', () => sameAsHardware(/^(xadd|cmpxchg|cmpxchg8b)$/), 60000)
  test('decimal', () => sameAsHardware(/^(daa|das|aaa|aas|aam|aad)$/), 60000)
})

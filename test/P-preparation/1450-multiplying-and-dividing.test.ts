import { describe, test } from 'vitest'
import { sameAsHardware } from '../../conformance/expect.ts'

describe('P:1450 as hardware does it', () => {
  test('products and quotients', () => sameAsHardware(/mul|div/), 60000)
})

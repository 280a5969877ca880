import { describe, test } from 'vitest'
import { sameAsHardware } from '../../conformance/expect.ts'

describe('E:350 as hardware does it', () => {
  test('products and quotients', () => sameAsHardware(/mul|div/), 60000)
})

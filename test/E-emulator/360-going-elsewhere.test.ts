import { describe, test } from 'vitest'
import { sameAsHardware } from '../../conformance/expect.ts'

describe('E:360 as hardware does it', () => {
  test('jumps, calls, returns, loops', () => sameAsHardware(/^(j|call|ret|loop|bound)/), 60000)
})

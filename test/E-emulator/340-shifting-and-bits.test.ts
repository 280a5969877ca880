import { describe, test } from 'vitest'
import { sameAsHardware } from '../../conformance/expect.ts'

describe('E:340 as hardware does it', () => {
  test('shifts', () => sameAsHardware(/^(shl|shr|sar|shld|shrd)$/), 60000)
  test('rotations', () => sameAsHardware(/^(rol|ror|rcl|rcr)$/), 60000)
  test('bits', () => sameAsHardware(/^(bt|bts|btr|btc|bsf|bsr)$/), 60000)
})

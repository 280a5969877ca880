import { describe, test } from 'vitest'
import { sameAsHardware } from '../../conformance/expect.ts'

describe('E:370 as hardware does it', () => {
  test('all of them, with all prefixes', () => sameAsHardware(/^(movs|cmps|stos|lods|scas)8?$/, 6000), 60000)
})

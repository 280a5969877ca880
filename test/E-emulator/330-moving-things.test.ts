import { describe, test } from 'vitest'
import { sameAsHardware } from '../../conformance/expect.ts'

describe('E:330 as hardware does it', () => {
  test('moves and widening', () => sameAsHardware(/^(mov|movzx|movsx|bswap|cbw|cwd|lea|xlat|xchg|nop|lahf|sahf|cmc|clc|stc|cld|std)$/), 60000)
  test('conditions', () => sameAsHardware(/^(cmov|set)/), 60000)
  test('the stack', () => sameAsHardware(/^(push|pop|popMemory|popRegister|pusha|popa|enter|leave)$/), 60000)
})

import { describe, expect, test } from 'vitest'
import { catalogue } from '../../generated/emulator/isa/catalogue.ts'

describe('E:498 the catalogue', () => {
  test('hot operations come first and no key comes twice', () => {
    const { operations, hot } = catalogue()
    expect(hot).toBeLessThan(300)
    expect(new Set(operations.map((o) => o.key)).size).toBe(operations.length)
    expect(operations.length).toBeLessThanOrEqual(2048)
    operations.forEach((o, i) => expect(o.number).toBe(i))
  })
})

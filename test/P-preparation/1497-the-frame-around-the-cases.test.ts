import { describe, expect, test } from 'vitest'
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { catalogue } from '../../generated/emulator/isa/catalogue.ts'

/** Bytecode of a function longer than this is never optimised. */
const MOST = 61440

describe('P:1497 the main loop', () => {
  test('no printed function is too long to be optimised', () => {
    const script = fileURLToPath(new URL('../../conformance/bytecode.ts', import.meta.url))
    const text = execFileSync(process.execPath, ['--print-bytecode',
      '--print-bytecode-filter=execute', '--no-lazy', '--import', 'tsx', script],
    { maxBuffer: 1 << 30 }).toString()
    const lengths = [...text.matchAll(/Bytecode length: (\d+)/g)].map((m) => Number(m[1]))
    console.log(`the main loop: ${lengths.join(', ')} bytes of bytecode`)
    expect(lengths.length).toBeGreaterThan(0)
    expect(Math.max(...lengths)).toBeLessThan(MOST)
  }, 240000)
})

describe('P:1498 the catalogue', () => {
  test('hot operations come first and no key comes twice', () => {
    const { operations, hot } = catalogue()
    expect(hot).toBeLessThan(300)
    expect(new Set(operations.map((o) => o.key)).size).toBe(operations.length)
    expect(operations.length).toBeLessThanOrEqual(2048)
    operations.forEach((o, i) => expect(o.number).toBe(i))
  })
})

import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Random } from '../../conformance/random.ts'
import { CATALOGUE } from '../../generated/emulator/decode/decode.ts'
import { Machine } from '../../generated/emulator/index.ts'
import type { Execution } from '../../generated/emulator/run/run.ts'
import { localName, printBlock } from '../../generated/emulator/print/block.ts'
import { textOf } from '../../generated/emulator/print/text.ts'
import { INTERNAL, type Form } from '../../generated/emulator/isa/forms.ts'
import { TwoPrinters, allForms, integerForms } from './support/two-printers.ts'

const SEED = 1680
const TRIES = 800

/**
 * A block is not compiled when it is stale; and E:655 never leaves out the
 * flags of a product, since its description calls a helper.
 */
const LEFT_OUT = ['imul2.r32.r32~', 'imul3.r32.r32.i~', 'stale']

const forms = integerForms()

/** Every operation of an integer instruction, and the decoder's own. */
function integerOperations(): Set<number> {
  const internal = CATALOGUE.forms.filter((form) => form.map === INTERNAL)
  const numbers = new Set([...forms, ...internal].flatMap((form) => [...form.operations].filter((n) => n >= 0)))
  for (const o of CATALOGUE.operations) if (/[+~^]/.test(o.key)) numbers.add(o.number)
  return numbers
}

const formsOf = (key: string) => forms.filter((form) => form.keys.includes(key))

/** Blocks that may contain the operation `key`: its forms, one after another. */
function recipe(key: string, r: Random): Form[] {
  const parts = key.split('+').map((part) => formsOf(part.replace(/[~^]/g, '')))
  const list = parts.map((candidates) => candidates.length > 0 ? r.pick(candidates) : r.pick(forms))
  return /~/.test(key) ? [...list, r.pick(formsOf('sub.r32.r32')), ...list] : list
}

const EXTRA: Record<string, number[]> = {
  tooLong: Array.from({ length: 15 }, () => 0x3e), invalid: [0x0f, 0xff],
  'addressLinear.n.a16': [0x67, 0x0f, 0x01, 0x3f],
}

/** Instructions that go on to the next one, and rarely fault. */
const GENTLE = /^(mov|lea|movzx|movsx|add|sub|and|or|xor|cmp|test|inc|dec|neg|not|adc|sbb|sh[lr]|sar|sh[lr]d|ro[lr]|rc[lr]|imul2|imul3|mul|xchg|xadd|cmpxchg|bswap|bt[src]?|bs[fr]|set|cmov|cbw|cwd|clc|stc|cmc|lahf|sahf|cld|push|pop)/
const UNGENTLE = /^(movTo|movFrom|popf|popSeg|movs|push[SF])/

describe('E:680 the interpreter and the compiled blocks', () => {
  test('leave the same state behind, whatever the instruction', () => {
    const r = new Random(SEED)
    const two = new TwoPrinters(SEED)
    const wanted = integerOperations()
    const { report } = two
    for (let i = 0; i < 3 * forms.length; i++) {
      const before = Array.from({ length: r.below(4) }, () => r.pick(forms))
      two.run([...before, forms[i % forms.length], r.pick(forms)])
    }
    for (const n of wanted) {
      const { key } = CATALOGUE.operations[n]
      if (LEFT_OUT.includes(key)) continue
      for (let i = 0; i < TRIES && !report.operations.has(n); i++) two.run(recipe(key, r), EXTRA[key])
    }
    const missing = [...wanted].filter((n) => !report.operations.has(n))
    console.log(`seed ${SEED}: ${report.blocks} blocks, ${report.instructions} instructions and ${report.faults} faults`
      + ` in compiled code, ${wanted.size - missing.length} of ${wanted.size} integer operations`)
    expect(report.differences).toEqual([])
    expect(missing.map((n) => CATALOGUE.operations[n].key).sort()).toEqual(LEFT_OUT)
  }, 120000)

  test('agree on long blocks, and on loops around them', () => {
    const r = new Random(SEED + 1)
    const two = new TwoPrinters(SEED + 1)
    const gentle = forms.filter(({ instruction: { name } }) => GENTLE.test(name) && !UNGENTLE.test(name))
    for (let i = 0; i < 600; i++) two.runLoop(Array.from({ length: 4 + r.below(16) }, () => r.pick(gentle)))
    const { report } = two
    console.log(`seed ${SEED + 1}: ${report.blocks} loops, ${report.instructions} instructions and ${report.faults} faults`
      + ` in compiled code, ${report.operations.size} operations`)
    expect(report.differences).toEqual([])
    expect(report.instructions).toBeGreaterThan(10000)
  }, 120000)
})

describe('E:685 beyond integers', () => {
  test('what helpers do for one printer they do for the other', () => {
    const r = new Random(SEED + 2)
    const two = new TwoPrinters(SEED + 2)
    const others = allForms().filter((form) => !forms.includes(form))
    for (let i = 0; i < others.length; i++) {
      two.runLoop([others[i], r.pick(others), r.pick(others), r.pick(forms), r.pick(others)])
    }
    const { report } = two
    console.log(`seed ${SEED + 2}: ${report.blocks} loops, ${report.instructions} instructions and ${report.faults} faults`
      + ` in compiled code, ${report.operations.size} operations`)
    expect(report.differences).toEqual([])
    expect(report.instructions).toBeGreaterThan(1000)
  }, 120000)
  test('every operation there is makes a valid module', () => {
    const code = new Int32Array(16)
    const jump = CATALOGUE.operations.find((o) => o.key === 'jmp.j32')!.number
    for (const { key, number } of CATALOGUE.operations) {
      if (key.includes('+')) continue
      // a block of two records, two bytes each; no base, no index
      code.set([0, 0, 2, 0, number | (8 << 21) | (8 << 25), 0, 0, (1 << 13) | (2 << 20),
        jump, 0, 4, 2 | (2 << 13) | (2 << 20)])
      expect(WebAssembly.validate(printBlock(code, 0)), key).toBe(true)
    }
  })
})

describe('E:684 one instruction, four times', () => {
  test('the text in the chapter is what is printed', () => {
    const machine = new Machine({ ramBytes: 1 << 20 })
    machine.physical.writeBytes(0x1000, Uint8Array.from([0x03, 0x46, 0x04, 0xf4]))
    const { cache } = (machine.cpu as unknown as { execution: Execution }).execution
    const printed = textOf(printBlock(cache.code, cache.find(0x1000, 0)), localName)
    const chapter = readFileSync(new URL('../../journey/E-emulator/680-one-description-two-printers.md', import.meta.url), 'utf8')
    const told = /^```wat\n(.*?)^```/ms.exec(chapter)![1].replace(/;;.*$/gm, '')
    const words = (text: string) => text.split(/\s+/).filter((word) => word !== '').join(' ')
    expect(words(printed.join(' '))).toContain(words(told))
  })
})

import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { CATALOGUE, Decoder } from '../../generated/emulator/decode/decode.ts'
import { Blocks } from '../../generated/emulator/decode/blocks.ts'
import { Machine } from '../../generated/emulator/index.ts'
import { Imports, moduleOf } from '../../generated/emulator/print/module.ts'
import { localName, printRegion } from '../../generated/emulator/print/region.ts'
import { textOf } from '../../site/src/figures/wasm-text.ts'
import { Follower } from '../../generated/emulator/run/follow.ts'
import { MODE } from '../../generated/emulator/state/state.ts'
import { Programs } from '../../conformance/random-programs.ts'
import { TwoEngines } from '../../conformance/two-engines.ts'

/** A few here; npm run conformance -- --engines runs as many as one likes. */
const PROGRAMS = 120
const SEED = 892

describe('E:892 two engines, one machine', () => {
  test(`random programs leave the same bytes behind, seed ${SEED}`, () => {
    const programs = new Programs(SEED)
    const two = new TwoEngines(SEED)
    for (let i = 0; i < PROGRAMS; i++) two.run(programs.make())
    const { differences, regions, exits } = two.report
    console.log(`seed ${SEED}: ${PROGRAMS} programs, ${regions} regions, left ${JSON.stringify(exits)}`)
    expect(differences).toEqual([])
    // and not only in the first of them, before their pages are given up
    expect(regions).toBeGreaterThan(PROGRAMS * 2)
  }, 120000)
})

/** REP MOVSD writes over the page tables, in the middle of a repetition; the fault cannot be delivered. */
const OVER_ITS_TABLES =
    'e900000000dbe3c705002000007f030000d92d00200000c70500200000801f00000fae1500200000db0500200000f20f'
  + '2a0500200000f20f2a0d04200000c70500050000060000006688670edfe09edec9660f6bd0640f4411ff0d000500000f'
  + '85e3ffffffd9ca1de5fd8cded9fc0f8b46000000bfffffff7fd1e70f8107000000dbf0e92c000000e91f000000803508'
  + '100200020f013d00200000df2d50200000d93d5c200000e908000000660f103500200000db0500200000b808000000b9'
  + 'c9ffffffba00000000bdffffffffbec0720000360f4c2e803524100200020f013d00900000660f61f2c7050405000008'
  + '0000006667828aa8d9a9f3a5300626f7534dd9cbd8eb660f73cb38ff0d040500000f85dcffffff86b8868a388fdb0520'
  + '200000c7050805000005000000dddaddd59eff0d080500000f85effffffff4'

describe('E:370 a repetition whose fault nobody can take', () => {
  test('leaves the same flags behind, however it was cut', () => {
    const bytes = [...Buffer.from(OVER_ITS_TABLES, 'hex')]
    const two = new TwoEngines(20261201)
    const registers = [0, 1, 31, 256, 39016, 255, 8, 17296]
    for (let i = 0; i < 200; i++) two.run({ bytes, registers, eflags: 2563 })
    expect(two.report).toMatchObject({ differences: [], strayed: 0 })
  }, 60000)
})

const chapter = readFileSync(new URL('../../journey/E-emulator/892-do-they-agree.md', import.meta.url), 'utf8')

describe('E:894 one loop, four times', () => {
  test('its instructions are the operations that stand beside them', () => {
    const listing = [...chapter.matchAll(/^.{7}\w.*? {2,}((?:[0-9a-f]{2} )+) +(\w+(?:\.\w+)+)/gm)]
    expect(listing).toHaveLength(4)
    for (const [, bytes, key] of listing) {
      const decoder = new Decoder()
      const code = Uint8Array.from(bytes.trim().split(' '), (byte) => parseInt(byte, 16))
      decoder.decode(Uint8Array.of(...code, ...new Array(16).fill(0)), 0, code.length, 15)
      expect(CATALOGUE.operations[decoder.out.operation].key).toBe(key)
      expect(decoder.out.length).toBe(code.length)
    }
  })
  test('the text in the chapter is what is printed', () => {
    const { cpu: { core }, physical } = new Machine({ ramBytes: 1 << 20 })
    physical.writeBytes(0x1000, Uint8Array.of(0x03, 0x06, 0x83, 0xc6, 0x04, 0x49, 0x75, 0xf8, 0xf4))
    const blocks = new Blocks(core)
    blocks.find(0x1000, 0)
    const imports = new Imports()
    const [first] = new Follower(core, blocks).graph(0x1000, 0x1000, core.i32[MODE])!
    const printed = words(textOf(moduleOf(imports, [printRegion(imports, first)]), localName).join(' '))
    const told = /^```wat\n(.*?)^```/ms.exec(chapter)![1].replace(/;;.*$/gm, '').split('...')
    let at = 0
    for (const piece of told.map(words)) {
      at = printed.indexOf(piece, at)
      expect(at, piece).toBeGreaterThan(0)
      at += piece.length
    }
  })
})

const words = (text: string) => text.split(/\s+/).filter((word) => word !== '').join(' ')

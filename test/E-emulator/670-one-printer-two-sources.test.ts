import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { eax, ecx } from '../../generated/assembler/index.ts'
import { Blocks } from '../../generated/emulator/decode/blocks.ts'
import { Imports, moduleOf } from '../../generated/emulator/print/module.ts'
import { localName, printRegion } from '../../generated/emulator/print/region.ts'
import { textOf } from '../../site/src/figures/wasm-text.ts'
import { Follower } from '../../generated/emulator/run/follow.ts'
import { loopModule } from '../../generated/emulator/run/loop.ts'
import { MODE } from '../../generated/emulator/state/state.ts'
import { tinyMachine } from '../support/tiny-machine.ts'

/** The two columns of WebAssembly that the chapter shows for one addition. */
function columns(): [loop: string, region: string] {
  const chapter = readFileSync(new URL('../../journey/E-emulator/670-one-printer-two-sources.md', import.meta.url), 'utf8')
  const lines = /in the loop: .*\n([\s\S]*?)```/.exec(chapter)![1].split('\n')
  const column = (from: number, to?: number) => lines.map((line) => line.slice(from, to)).join(' ')
  return [column(0, 48), column(48)]
}
/** What a column says, as a pattern: `...` is what is left out. */
const pattern = (column: string) => new RegExp(column.trim().split(/\s+/).join(' ').replaceAll('...', '\\S*'))
/** The loop's locals have numbers where the chapter gives them names. */
const numbered = (column: string) => column.replace(/local\.(\w+) +\w+/g, 'local.$1 \\d+')

describe('E:670 one addition, printed twice', () => {
  test('as the loop has it', () => {
    const printed = textOf(loopModule(), (n) => `${n}`).map((line) => line.trim()).join(' ')
    expect(pattern(numbered(columns()[0])).test(printed)).toBe(true)
  })
  test('as a region has it', () => {
    const { cpu: { core, eip } } = tinyMachine((a) => {
      const top = a.here()
      a.add(ecx, 4).test(eax, eax).jne(top).hlt()
    })
    const blocks = new Blocks(core)
    blocks.find(eip, 0)
    const imports = new Imports()
    const [first] = new Follower(core, blocks).graph(eip, eip, core.i32[MODE])!
    const text = textOf(moduleOf(imports, [printRegion(imports, first)]), localName)
    const printed = text.map((line) => line.trim()).join(' ')
    expect(pattern(columns()[1]).test(printed)).toBe(true)
  })
})

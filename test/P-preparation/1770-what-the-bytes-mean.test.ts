// Each x87 form on random states, here and on this machine's own processor.
import { describe, expect, it } from 'vitest'
import { hasNative, runNative, runOurs } from '../support/native.ts'
import { essence, input, pieces } from '../support/x87-cases.ts'

const SEED = Number(process.env.SEED ?? 0x87)
const COUNT = Number(process.env.COUNT ?? 200)

const middle = (opcodes: string[], digits: number[]) => opcodes.flatMap((o) => digits.map((d) => `${o} M${d}`))
const registers = (opcode: string, from: number) => [0, 1, 3].map((i) => `${opcode} ${(from + i).toString(16)}`)
const GROUPS: Record<string, string[]> = {
  'arithmetic with memory': middle(['d8', 'dc', 'da', 'de'], [0, 1, 4, 5, 6, 7]),
  'arithmetic on the stack': ['d8', 'dc', 'de'].flatMap((o) => [0xc0, 0xc8, 0xe0, 0xe8, 0xf0, 0xf8].flatMap((r) => registers(o, r))).concat(['d9 e0', 'd9 e1', 'd9 fa']),
  comparisons: [...middle(['d8', 'dc', 'da', 'de'], [2, 3]), ...['d8 d0', 'd8 d8', 'dd e0', 'dd e8', 'db f0', 'df f0', 'db e8', 'df e8'].flatMap((f) => registers(f.slice(0, 2), parseInt(f.slice(3), 16))), 'de d9', 'da e9', 'd9 e4', 'd9 e5'],
  loads: ['d9 M0', 'dd M0', 'df M0', 'db M0', 'df M5', 'db M5', 'df M4', 'd9 e8', 'd9 e9', 'd9 ea', 'd9 eb', 'd9 ec', 'd9 ed', 'd9 ee', ...registers('d9', 0xc0)],
  stores: ['d9 M2', 'd9 M3', 'dd M2', 'dd M3', 'db M7', 'df M2', 'df M3', 'db M2', 'db M3', 'df M7', 'df M6', ...registers('dd', 0xd0), ...registers('dd', 0xd8)],
  'stack and moves': [...registers('d9', 0xc8), ...registers('dd', 0xc0), ...registers('df', 0xc0), 'd9 d0', 'd9 f6', 'd9 f7', ...[0xc0, 0xc8, 0xd0, 0xd8].flatMap((r) => [...registers('da', r), ...registers('db', r)])],
  parts: ['d9 fc', 'd9 fd', 'd9 f4', 'd9 f8', 'd9 f5'],
}

describe.skipIf(!hasNative())('P:1770 the x87 beside the hardware', () => {
  for (const [name, forms] of Object.entries(GROUPS)) {
    it(`${name}: ${forms.length} forms, ${COUNT} states each, seed ${SEED}`, () => {
      const list = pieces(forms, COUNT, SEED)
      const theirs = runNative(list)
      const ours = runOurs(list)
      const wrong: string[] = []
      list.forEach((piece, p) => {
        let shown = 0
        piece.blocks.forEach((before, n) => {
          const [a, b] = [essence(theirs[p][n]), essence(ours[p][n])]
          if (a !== b && shown++ < Number(process.env.SHOW ?? 2)) wrong.push(`${piece.name}\n in     ${input(before)}\n theirs ${a}\n ours   ${b}`)
        })
        if (shown) wrong.push(`${piece.name}: ${shown} of ${COUNT}`)
      })
      expect(wrong.join('\n')).toBe('')
    })
  }
})

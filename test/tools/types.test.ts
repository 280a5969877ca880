import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { textOf, type TangledFile } from '../../tools/tangle/expand.ts'
import { Kept } from '../../tools/weave/kept.ts'
import { keysOf, learnTypes, type FileTypes } from '../../tools/weave/types.ts'

let root: string
beforeEach(() => { root = mkdtempSync(join(tmpdir(), 'types-')) })
afterEach(() => rmSync(root, { recursive: true }))

/** A file as if one chunk were all of it. */
function file(path: string, text: string): TangledFile {
  const body = text.trimEnd().split('\n')
  return { path, lines: body.map((_, index) => ({ block: { fence: { body } }, index, indent: '' })) } as unknown as TangledFile
}

const registers = file('cpu/registers.ts', `/** Thirty-two bits. */
export type u32 = number

/** All there is of a processor. */
export class Cpu<T = u32> {
  /** The program counter. */
  eip: u32 = 0
  readonly names = ['eax', 'ebx']
  #last?: T
  /** Runs \`steps\` instructions. */
  run(steps: u32, twice = false) { return twice ? steps * 2 : steps }
  get last(): T | undefined { return this.#last }
}

export interface Place { at: u32, kind: 'page' | 'word' }
`)
const use = file('use.ts', `import { Cpu, type Place } from './cpu/registers.ts'

export function step(cpu: Cpu, { at, kind }: Place) {
  const { eip } = cpu
  let place: Place = { at, kind: 'word' }
  for (const name of cpu.names) place.at += name.length
  return cpu.run(eip + Math.abs(at)) + place.at + kind.length
}
`)

async function learnt(...files: TangledFile[]): Promise<(name: string, line: number) => unknown[] | undefined> {
  const kept = new Kept<FileTypes>(join(root, 'kept.json'))
  const keys = keysOf(files)
  await learnTypes(root, files, kept, keys)
  return (name, line) => {
    const { path } = files.at(-1)!
    const lines = textOf(files.at(-1)!).split('\n')
    const { known, at } = kept.get(keys.get(path)!)!
    const places = at[line] ?? []
    const i = places.findIndex((column, i) => i % 2 === 0 && lines[line - 1].slice(column).match(/^#?\w+/)?.[0] === name)
    return i < 0 ? undefined : known[places[i + 1]]
  }
}

test('a card says what a name is, as it was written, else as it was inferred', async () => {
  const card = await learnt(registers)
  expect(card('u32', 2)).toEqual(['type u32 = number', 'Thirty-two bits.', 'cpu/registers.ts', 2])
  expect(card('Cpu', 5)).toEqual(['class Cpu<T = u32>', 'All there is of a processor.', 'cpu/registers.ts', 5])
  expect(card('eip', 7)).toEqual(['(property) Cpu.eip: u32', 'The program counter.', 'cpu/registers.ts', 7])
  expect(card('names', 8)).toEqual(['(property) Cpu.names: string[]', '', 'cpu/registers.ts', 8])
  expect(card('run', 11)?.slice(0, 2)).toEqual(['(method) Cpu.run(steps: number, twice?: boolean): number', 'Runs `steps` instructions.'])
  expect(card('#last', 9)?.[0]).toBe('(property) Cpu.#last?: T')
  expect(card('last', 12)?.[0]).toBe('(accessor) Cpu.last(): T | undefined')
  expect(card('Place', 15)?.[0]).toBe('interface Place')
})

test('a name leads to its definition, through imports and out of patterns', async () => {
  const card = await learnt(registers, use)
  const place = ['(property) Place.at: u32', '', 'cpu/registers.ts', 15]
  expect(card('Cpu', 1)?.slice(2)).toEqual(['cpu/registers.ts', 5])
  expect(card('step', 3)?.[0]).toBe('function step(cpu: Cpu<number>, { at, kind }: Place): number')
  expect(card('at', 3)).toEqual(place)
  expect(card('eip', 4)).toEqual(['(property) Cpu.eip: u32', 'The program counter.', 'cpu/registers.ts', 7])
  expect(card('at', 5)).toEqual(['(parameter) at: number', '', 'use.ts', 3])
  expect(card('kind', 5)?.[0]).toBe("(property) Place.kind: 'page' | 'word'")
  expect(card('name', 6)).toEqual(['const name: string', '', 'use.ts', 6])
  expect(card('eip', 7)).toEqual(['const eip: number', '', 'use.ts', 4])
  expect(card('place', 7)).toEqual(['let place: Place', '', 'use.ts', 5])
  expect(card('abs', 7)).toBeUndefined() // not the system's own
})

test('what was learnt is of the texts as given, and leaves no files', async () => {
  const card = await learnt(file('cpu/registers.ts', 'export const eip: bigint = 1n\n'), file('use.ts', "import { eip } from './cpu/registers.ts'\n"))
  expect(card('eip', 1)).toEqual(['const eip: bigint', '', 'cpu/registers.ts', 1])
  expect(readdirSync(join(root, '.cache'))).toEqual([])
})

import { join } from 'node:path'
import { expect, test } from 'vitest'
import { at } from '../../tools/tangle/diagnostics.ts'
import { Remapper } from '../../tools/tangle/remap.ts'
import { scan } from '../../tools/tangle/scan.ts'
import { codeOf, mapIn } from '../../tools/tangle/source-map.ts'
import { tangle } from '../../tools/tangle/tangle.ts'
import { copyOf, text, tree } from './fixture.ts'

test('every token of every file names the same token in a chapter', async () => {
  const root = copyOf('tangle/whole-language')
  await tangle(root)
  const remapper = new Remapper(root)
  let tokens = 0
  for (const [path, content] of Object.entries(tree(join(root, 'generated')))) {
    if (!path.endsWith('.ts')) continue
    const lines = codeOf(path, content).split('\n')
    scan(lines).forEach((line, i) => line.tokens.forEach(({ start, end }) => {
      const place = remapper.chapterPlace(at(`generated/${path}`, i + 1, start + 1))!
      const told = text(root, place.file).split('\n')[place.line - 1].slice(place.column - 1)
      expect(told.startsWith(lines[i].slice(start, end)), `${path}:${i + 1}:${start + 1}`).toBe(true)
      tokens++
    }))
  }
  expect(tokens).toBeGreaterThan(80)
})

test('each token has a segment of its own', async () => {
  const root = copyOf('tangle/whole-language')
  await tangle(root)
  const map = JSON.parse(mapIn(text(root, 'generated/host/names.ts'))!)
  // export const name = (text: string) => text
  expect(map.mappings.split(',')).toHaveLength(11)
})

test('sources are relative, and name the chapter', async () => {
  const root = copyOf('tangle/whole-language')
  await tangle(root)
  const sources = (path: string) => JSON.parse(mapIn(text(root, 'generated', path))!).sources
  expect(sources('host/names.ts')).toEqual(['../../journey/L-launcher/000-first.md'])
  expect(sources('host/core.ts')).toEqual(['../../journey/H-host/200-traps.md'])
})

test('files of other languages carry no map', async () => {
  const root = copyOf('tangle/whole-language')
  await tangle(root)
  expect(mapIn(text(root, 'generated/tools/run.sh'))).toBeUndefined()
})

test('an emitted line names the line of its description', async () => {
  const root = copyOf('tangle/generator')
  await tangle(root)
  const remapper = new Remapper(root)
  const line = (n: number) => remapper.chapterPlace(at('generated/isa/made.ts', n, 5))
  const chapter = 'journey/P-preparation/1100-described.md'
  expect([1, 2, 3].map((n) => line(n)!.line)).toEqual([10, 10, 10])
  expect(line(5)).toMatchObject({ file: chapter, line: 11 })
})

test('a place within a token is as far within it in the chapter', async () => {
  const root = copyOf('tangle/whole-language')
  await tangle(root)
  // `decode` of `export function decode`, at its third letter
  expect(new Remapper(root).chapterPlace(at('generated/host/core.ts', 4, 19)))
    .toEqual(at('journey/H-host/200-traps.md', 8, 19))
})

test('a text that names generated places is rewritten', async () => {
  const root = copyOf('tangle/whole-language')
  await tangle(root)
  const remapper = new Remapper(root)
  expect(remapper.text('generated/host/core.ts(2,10): error TS2305: no say'))
    .toBe('journey/H-host/200-traps.md:33:10: error TS2305: no say')
  expect(remapper.text('at f (generated/host/core.ts:9:5)'))
    .toBe('at f (journey/H-host/200-traps.md:39:3)')
  expect(remapper.text('generated/host/unknown.ts(1,1): x')).toBe('generated/host/unknown.ts(1,1): x')
})

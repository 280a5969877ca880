/** Whole programs in ring 3 end as they do natively. */
import { expect, test } from 'vitest'
import { hasCsmith, missingTool, runCsmith, runOwnPrograms } from '../../conformance/programs.ts'

test('programs of our own', () => {
  if (missingTool('gcc')) return console.log('skipped: there is no gcc')
  const reports = [...runOwnPrograms(['-O2 -march=pentium4 -mfpmath=sse'])]
  expect(reports.filter((r) => !r.same)).toEqual([])
}, 60_000)

test('a program csmith invents', () => {
  if (missingTool('gcc') || !hasCsmith()) {
    return console.log('skipped: gcc or csmith is missing')
  }
  expect([...runCsmith(2007, 1)].filter((r) => !r.same)).toEqual([])
}, 60_000)

/**
 * A checkout may lie anywhere, and be moved: its maps and errors lead to its
 * chapters. What cannot be had there is refused in one line.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { at } from '../../tools/tangle/diagnostics.ts'
import { Remapper } from '../../tools/tangle/remap.ts'
import { cloneProject, edit, fixtures, project, scratch } from './fixture.ts'

const chapter = 'journey/P-preparation/1100-described.md'

function journey(root: string, ...args: string[]) {
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, VITEST: undefined }
  return spawnSync(process.execPath, ['bin/journey.mjs', ...args], { cwd: root, env, encoding: 'utf8' })
}

/** A project with a generator, in a folder of this name. */
function projectAt(name: string): string {
  const root = join(scratch(), name)
  renameSync(cloneProject(), root)
  cpSync(join(fixtures, 'tangle/generator/journey'), join(root, 'journey'), { recursive: true })
  return root
}

test.each(['a blank', 'brackets (x) [y] {z}', 'two\nlines', 'st*r', 'perc%20ent', "$& ^+'", 'über #1?'])(
  'in a folder called %j', (name) => {
    const root = projectAt(name)
    expect(journey(root, 'tangle').stderr).toMatch(/^tangled 5 files, 5 written/)
    expect(new Remapper(root).chapterPlace(at('generated/isa/made.ts', 5, 5))).toMatchObject({ file: chapter, line: 11 })
    edit(root, chapter, "describe('sub')", "describe('xor'), oops()")
    expect(journey(root, 'tangle').stderr).toBe(`${chapter}:11:3: the generator 'isa/emit.ts' failed: oops is not defined\n1 error\n`)
    expect(readdirSync(join(root, '.cache')).filter((file) => file.startsWith('generator-'))).toEqual([])
  })

test('what Node and Vite cannot do there is said in one line', () => {
  const backslash = projectAt('back\\slash')
  const prepared = spawnSync('npm', ['run', '--silent', 'prepare'], { cwd: backslash, encoding: 'utf8' })
  expect([prepared.status, prepared.stderr])
    .toEqual([1, `${JSON.stringify(join(backslash, 'bin'))}: Node loads no modules from a folder with a backslash in its path\n`])
  for (const name of ['c#', 'what?']) {
    const root = projectAt(name)
    const { status, stderr } = journey(root, 'test')
    expect([status, stderr.split('\n').slice(1)])
      .toEqual([1, [`${root}: Vite runs no tests in a folder with # or ? in its path`, '']])
  }
  const star = projectAt('st*r')
  const woven = spawnSync(process.execPath, [join(project, 'bin/run.mjs'), join(project, 'tools/weave/main.ts'), 'weave'], { cwd: star, encoding: 'utf8' })
  expect([woven.status, woven.stderr]).toEqual([1, `${star}: nothing is woven in a folder with * in its path\n`])
})

test('moved after it was tangled', () => {
  const root = projectAt('old')
  journey(root, 'tangle')
  const moved = join(scratch(), 'new')
  renameSync(root, moved)
  edit(moved, chapter, '# P:1100', 'More prose.\n\n# P:1100')
  expect(journey(moved, 'tangle').status).toBe(0)
  expect(new Remapper(moved).chapterPlace(at('generated/isa/made.ts', 5, 5))).toMatchObject({ file: chapter, line: 13 })
})

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { isWhole, readOptions } from '../../conformance/options.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

test('names are themselves, anything else is a pattern, nothing is all', () => {
  expect(readOptions([])).toMatchObject({ seed: 1, cases: 1_000_000 })
  expect(isWhole(readOptions([]))).toBe(true)
  const some = readOptions(['--only', 'add,shl', '--seed', '9'])
  expect(some.seed).toBe(9)
  expect(['add', 'shl', 'shld', 'padd'].filter((name) => some.only.test(name))).toEqual(['add', 'shl'])
  expect(isWhole(some)).toBe(false)
  expect(readOptions(['--only', '^sh[lr]d$']).only.test('shrd')).toBe(true)
})

test.each([
  [['--cases', 'x'], "option '--cases <n>' argument 'x' is invalid. It is not a whole number."],
  [['--seed', '-1'], "option '--seed <n>' argument '-1' is invalid. It is not a whole number."],
  [['--only', '['], "option '--only <names>' argument '[' is invalid. It is no pattern."],
  [['--oracle', 'delphi'], "option '--oracle <name>' argument 'delphi' is invalid. Allowed choices are unicorn, native."],
])('%s is one line and status 1', (args, message) => {
  const { status, stderr, stdout } = spawnSync(process.execPath,
    ['--import', 'tsx', 'conformance/main.ts', ...args], { cwd: root, encoding: 'utf8' })
  expect([status, stdout, stderr]).toEqual([1, '', `error: ${message}\n`])
})

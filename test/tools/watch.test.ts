/** The watcher as a user runs it, in a small project of its own. */
import { spawn } from 'node:child_process'
import { cpSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { cloneProject, edit, text, tree, write } from './fixture.ts'

const chapter = 'journey/L-launcher/000-division.md'

/** A running watcher whose output can be awaited, piece by piece. */
async function watching(root: string) {
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, VITEST: undefined }
  const child = spawn(process.execPath, ['bin/journey.mjs', 'watch'], { cwd: root, env })
  onTestFinished(() => { child.kill('SIGKILL') })
  let output = ''
  child.stdout.on('data', (bytes) => { output += bytes })
  child.stderr.on('data', (bytes) => { output += bytes })
  const until = async (pattern: RegExp): Promise<string> => {
    await expect.poll(() => output, { timeout: 20_000, interval: 20 }).toMatch(pattern)
    const seen = output
    output = ''
    return seen
  }
  await until(/watching/)
  return { child, until, seen: () => output }
}

const closing = (passed: number, failed: number) => new RegExp(`${passed} passed, ${failed} failed, 0 skipped\n`)

test('a save tangles what changed and runs its tests', async () => {
  const root = cloneProject()
  const { until } = await watching(root)
  edit(root, chapter, 'return a / b', 'return a * b')
  const output = await until(closing(0, 1))
  expect(output).toMatch(/^\d\d:\d\d:\d\d journey\/L-launcher\/000-division\.md\ntangled 1 of 2 files in \d+ ms\n/)
  expect(output).toContain('expected 8 to be 2')
  edit(root, chapter, 'return a * b', 'return a / b')
  await until(closing(1, 0))
})

test('a half-written chapter shows its error and changes nothing; then it goes on', async () => {
  const root = cloneProject()
  const { until } = await watching(root)
  const before = tree(join(root, 'generated'))
  const whole = text(root, chapter)
  write(root, chapter, whole.slice(0, -5))
  expect(await until(/stays/)).toContain(`${chapter}:28:1: this fence is never closed`)
  write(root, chapter, whole.replace('a / b', 'a / / b'))
  expect(await until(/stays/)).toMatch(/000-division\.md:18:\d+: this does not parse: /)
  expect(tree(join(root, 'generated'))).toEqual(before)
  write(root, chapter, whole.replace('a / b', 'a / b + 0'))
  await until(closing(1, 0))
  expect(text(root, 'generated/launcher/divide.ts')).toContain('a / b + 0')
})

test('a chapter saved by renaming, and a new one in a new folder, are seen', async () => {
  const root = cloneProject()
  const { until } = await watching(root)
  write(root, 'half.md', text(root, chapter).replace('a / b', 'b / a'))
  renameSync(join(root, 'half.md'), join(root, chapter))
  await until(closing(0, 1))
  write(root, 'journey/H-host/000-new.md', '# H:000 New\n\n```ts {file=host/new.ts}\nexport {}\n```\n')
  await until(/H-host\/000-new\.md\ntangled 1 of 3 files/)
})

test('a saved test runs', async () => {
  const root = cloneProject()
  const { until } = await watching(root)
  edit(root, 'test/L-launcher/000-division.test.ts', 'divide(4, 2)).toBe(2)', 'divide(6, 2)).toBe(4)')
  expect(await until(closing(0, 1))).toContain('tangled 0 of 2 files')
})

test('a save that changes nothing does nothing; ^C ends with status 0', async () => {
  const root = cloneProject()
  const { child, seen } = await watching(root)
  write(root, chapter, text(root, chapter))
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(seen()).toBe('')
  child.kill('SIGINT')
  expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0)
})

test('a part, and journey/ itself, may be replaced; with no chapters the last good output stays', async () => {
  const root = cloneProject()
  const { until } = await watching(root)
  const before = tree(join(root, 'generated'))
  cpSync(join(root, 'journey/L-launcher'), join(root, 'new'), { recursive: true })
  edit(root, 'new/000-division.md', 'a / b', 'a / b + 1')
  renameSync(join(root, 'journey/L-launcher'), join(root, 'old'))
  renameSync(join(root, 'new'), join(root, 'journey/L-launcher'))
  await until(closing(0, 1))
  edit(root, chapter, 'a / b + 1', 'a / b + 0')
  await until(closing(1, 0))
  edit(root, chapter, 'a / b + 0', 'a / b')
  await until(/tangled 1 of 2/)
  renameSync(join(root, 'journey'), join(root, 'away'))
  expect(await until(/stays/)).toContain('there are no chapters here')
  expect(tree(join(root, 'generated'))).toEqual(before)
  cpSync(join(root, 'away'), join(root, 'journey'), { recursive: true })
  await until(/tangled 0 of 2/)
  edit(root, chapter, 'a / b', 'a / b + 3')
  await until(closing(0, 1))
})

test('goes on when another tool has cleared the bundles of older tools away', async () => {
  const root = cloneProject()
  const { until } = await watching(root)
  for (const name of readdirSync(join(root, '.cache'))) {
    if (name.startsWith('tools-')) rmSync(join(root, '.cache', name), { recursive: true })
  }
  edit(root, chapter, 'return a / b', 'return a * b')
  await until(closing(0, 1))
})

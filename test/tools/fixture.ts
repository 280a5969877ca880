/** Fixtures: books in small, copied aside so that tests may change them. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

export const project = fileURLToPath(new URL('../..', import.meta.url))
export const fixtures = fileURLToPath(new URL('fixtures', import.meta.url))

/** A folder that is removed when the test ends. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'journey-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A copy of a fixture, such as 'tangle/whole-language'. */
export function copyOf(fixture: string): string {
  const folder = scratch()
  cpSync(join(fixtures, fixture), folder, { recursive: true })
  return folder
}

/** A book made of chapters given by path under journey/. */
export function book(chapters: Record<string, string>): string {
  const folder = scratch()
  for (const [path, text] of Object.entries(chapters)) write(folder, `journey/${path}`, text)
  return folder
}

export function write(root: string, path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

export const text = (...path: string[]): string => readFileSync(join(...path), 'utf8')

/** Edits a file: `from` must stand in it. */
export function edit(root: string, path: string, from: string, to: string): void {
  const before = text(root, path)
  if (!before.includes(from)) throw new Error(`${path} does not hold ${from}`)
  writeFileSync(join(root, path), before.replace(from, () => to))
}

/** All files below a folder with their texts, hidden folders left out. */
export function tree(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length + 1))
  const shown = files.filter((file) => !file.startsWith('.')).sort()
  return Object.fromEntries(shown.map((file) => [file, text(folder, file)]))
}

const parts = [
  'bin', 'tools', 'package.json', 'package-lock.json', 'tsconfig.json', 'vitest.config.ts',
]

/** The fixture project: its own chapters and tests, our tools and packages. */
export function cloneProject(): string {
  const root = copyOf('project')
  for (const part of parts) cpSync(join(project, part), join(root, part), { recursive: true })
  symlinkSync(join(project, 'node_modules'), join(root, 'node_modules'))
  const [include] = /"include": \[[^\]]*\]/.exec(text(root, 'tsconfig.json'))!
  edit(root, 'tsconfig.json', include, '"include": ["generated", "*.config.ts"]')
  return root
}

/** Runs vitest, as its own process, on some test files or on all. */
import { spawn, type ChildProcess } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Missing, Refused } from './door.ts'

/** Where a package of the project describes itself. @throws Missing */
function packageOf(root: string, name: string): string {
  try {
    return createRequire(join(root, 'package.json')).resolve(`${name}/package.json`)
  } catch {
    throw new Missing(name)
  }
}

/** Starts vitest once on these files, or on all; `more` goes to it as well. @throws Refused */
export function startTests(root: string, files: string[], more: string[] = []): ChildProcess {
  if (/[#?]/.test(root)) throw new Refused(`${root}: Vite runs no tests in a folder with # or ? in its path`)
  const vitest = join(dirname(packageOf(root, 'vitest')), 'vitest.mjs')
  const plain = !process.stdout.isTTY && !process.env.FORCE_COLOR
  const env = plain ? { ...process.env, NO_COLOR: '1' } : process.env
  const args = [vitest, 'run', ...files, ...more]
  return spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] })
}

/** Resolves to vitest's exit status. */
export function runTests(root: string, files: string[], more: string[]): Promise<number> {
  const child = startTests(root, files, more)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) => resolve(status ?? 1))
  })
}

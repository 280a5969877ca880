/** Runs vitest, as its own process, on some test files or on all. */
import { spawn, type ChildProcess } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** Starts vitest once on these files, or on all; `more` goes to it as well. */
export function startTests(root: string, files: string[], more: string[] = []): ChildProcess {
  const require = createRequire(join(root, 'package.json'))
  const vitest = join(dirname(require.resolve('vitest/package.json')), 'vitest.mjs')
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

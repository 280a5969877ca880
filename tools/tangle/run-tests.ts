/** Runs vitest, as its own process, on some test files or on all. */
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** Resolves to vitest's exit status. */
export function runTests(root: string, files: string[]): Promise<number> {
  const require = createRequire(join(root, 'package.json'))
  const vitest = join(dirname(require.resolve('vitest/package.json')), 'vitest.mjs')
  return new Promise((resolve, reject) => {
    const args = [vitest, 'run', ...files]
    const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' })
    child.on('error', reject)
    child.on('close', (status) => resolve(status ?? 1))
  })
}

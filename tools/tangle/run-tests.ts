/** Runs vitest, as its own process, on some test files or on all. */
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** The command that runs vitest once, on these files or on all. */
export function vitestCommand(root: string, files: string[]): [string, string[]] {
  const require = createRequire(join(root, 'package.json'))
  const vitest = join(dirname(require.resolve('vitest/package.json')), 'vitest.mjs')
  return [process.execPath, [vitest, 'run', ...files]]
}

/** Resolves to vitest's exit status. */
export function runTests(root: string, files: string[]): Promise<number> {
  const [command, args] = vitestCommand(root, files)
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit' })
    child.on('error', reject)
    child.on('close', (status) => resolve(status ?? 1))
  })
}

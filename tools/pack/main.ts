/**
 * Makes what `npm pack` puts in its archive, in dist/: the Launcher as one
 * module that needs no package, its page for man, and whose code is in it.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { findRoot } from '../tangle/chapters.ts'
import { tangleAndReport } from '../tangle/commands.ts'
import { writeWhole } from '../tangle/files.ts'
import { packLauncher } from './launcher.ts'

const root = findRoot(process.cwd())
const dist = join(root, 'dist')

if (await tangleAndReport(root)) {
  rmSync(dist, { recursive: true, force: true })
  const { module, licenses } = await packLauncher(root)
  writeWhole(join(dist, 'lguest.mjs'), module)
  writeWhole(join(dist, 'LICENSES.txt'), licenses)
  // Only now: it imports what the line above made sure of.
  const { manualPage } = await import('./manual.ts')
  writeWhole(join(dist, 'lguest.1'), manualPage())
} else {
  process.exitCode = 1
}

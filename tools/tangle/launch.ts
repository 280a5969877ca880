/**
 * The way to the Launcher without npm: what stands is imported; only if a
 * chapter changed, it is tangled and bundled first, by what is large to load.
 *
 * Nothing is printed to stdout, which belongs to the Guest's session; a note
 * goes to stderr if that is a terminal.
 */
import { pathToFileURL } from 'node:url'
import { printable } from './diagnostics.ts'
import { tell } from './door.ts'
import { remember, signOf, standing } from './standing.ts'

/** Runs the Launcher of the book at `root`, on this process's arguments. */
export async function launch(root: string): Promise<void> {
  const module = await ready(root).catch(notReady)
  if (!module) return
  process.setSourceMapsEnabled(true)
  await import(pathToFileURL(module).href).catch((error: Error) => {
    if (error.name !== 'AssemblyError') throw error
    tell(error)
    process.exit()
  })
}

/** The module to import, of chapters as they are now; undefined after an error was told. */
async function ready(root: string): Promise<string | undefined> {
  const sign = signOf(root)
  const there = standing(root, sign)
  if (there) return there
  const { make } = await import('./make-launcher.ts')
  const module = await make(root)
  if (module) remember(root, sign)
  return module
}

/** A checkout that another user owns, and that is behind its chapters, is no bug of ours. */
function notReady(error: NodeJS.ErrnoException): undefined {
  if (!/^(EACCES|EPERM|EROFS)$/.test(error.code ?? '')) return void tell(error)
  console.error(printable(`cannot write ${error.path}: run npm ci as the owner of that folder`))
  process.exitCode = 1
}

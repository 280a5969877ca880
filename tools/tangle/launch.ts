/**
 * The way to the Launcher without npm: tangle what changed, bundle, import.
 *
 * Nothing is printed to stdout, which belongs to the Guest's session; a note
 * goes to stderr if that is a terminal.
 */
import type { BuildFailure } from 'esbuild'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { remapped } from './bundle.ts'
import { printable } from './diagnostics.ts'
import { tell } from './door.ts'
import { Remapper } from './remap.ts'
import { report } from './report.ts'
import { tangle } from './tangle.ts'
import { readIfThere, writeWhole } from './files.ts'
import { hash } from './hash.ts'
import { readManifest } from './write.ts'

const entry = 'launcher/node/main.ts'

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
  const { result, errors } = await tangle(root)
  if (!result) {
    report(errors)
    process.exitCode = 1
    return undefined
  }
  if (result.written.length > 0) note(`tangled ${result.written.length} of ${result.total} files`)
  return bundled(root)
}

/** A checkout that another user owns, and that is behind its chapters, is no bug of ours. */
function notReady(error: NodeJS.ErrnoException): undefined {
  if (!/^(EACCES|EPERM|EROFS)$/.test(error.code ?? '')) return void tell(error)
  console.error(printable(`cannot write ${error.path}: run npm ci as the owner of that folder`))
  process.exitCode = 1
}

function note(text: string): void {
  if (process.stderr.isTTY) console.error(text)
}

/** The Launcher as one module, made anew if any generated file changed; its path. */
export async function bundled(root: string): Promise<string | undefined> {
  const cache = join(root, '.cache')
  const module = join(cache, 'launcher.mjs')
  const key = hash(JSON.stringify(readManifest(join(root, 'generated'))))
  if (existsSync(module) && readIfThere(join(cache, 'launcher.key')) === key) return module
  if (!await build(root, module)) return undefined
  writeWhole(join(cache, 'launcher.key'), key)
  return module
}

async function build(root: string, module: string): Promise<boolean> {
  const esbuild = await import('esbuild')
  try {
    const { outputFiles } = await esbuild.build({
      absWorkingDir: root, entryPoints: [`./generated/${entry}`], outfile: module,
      bundle: true, write: false, sourcemap: true, sourcesContent: false, format: 'esm',
      platform: 'node', packages: 'external', target: 'node20', logLevel: 'silent',
      minifySyntax: true, // writes the values of constants where their names are (E:701)
    })
    for (const { path, text } of outputFiles) writeWhole(path, text)
    return true
  } catch (error) {
    if (!(error as BuildFailure).errors) throw error
    const remapper = new Remapper(root)
    tell(remapped(error as BuildFailure, (place) => remapper.chapterPlace(place)))
    return false
  }
}

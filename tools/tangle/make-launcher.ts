/** The Launcher as one module, made of the chapters as they are: tangle what changed, bundle. */
import type { BuildFailure } from 'esbuild'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { remapped } from './bundle.ts'
import { tell } from './door.ts'
import { readIfThere, writeWhole } from './files.ts'
import { readManifest } from './manifest.ts'
import { Remapper } from './remap.ts'
import { report } from './report.ts'
import { keyOf, keyPath } from './standing.ts'
import { tangle } from './tangle.ts'

const entry = 'launcher/node/main.ts'

/** The module to import, of chapters as they are now; undefined after an error was told. */
export async function make(root: string): Promise<string | undefined> {
  const { result, errors } = await tangle(root)
  if (!result) {
    report(errors)
    process.exitCode = 1
    return undefined
  }
  if (result.written.length > 0) note(`tangled ${result.written.length} of ${result.total} files`)
  return bundled(root)
}

function note(text: string): void {
  if (process.stderr.isTTY) console.error(text)
}

/** The Launcher as one module, made anew if any generated file changed; its path. */
export async function bundled(root: string): Promise<string | undefined> {
  const cache = join(root, '.cache')
  const module = join(cache, 'launcher.mjs')
  const key = keyOf(readManifest(join(root, 'generated')))
  if (existsSync(module) && readIfThere(keyPath(root)) === key) return module
  if (!await build(root, module)) return undefined
  writeWhole(keyPath(root), key)
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

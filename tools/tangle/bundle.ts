/** One module of the tangled system with all it imports, bundled in memory by esbuild. */
import type { BuildFailure, Plugin } from 'esbuild'
import { dirname, join, relative, resolve } from 'node:path'
import { at, type Place } from './diagnostics.ts'
import { Remapper } from './remap.ts'
import type { Output } from './write.ts'

export interface Bundle {
  code: string
  /** Paths of the files it is made from, relative to generated/. */
  inputs: string[]
}

/** Bundles generated/`entry` from texts that need not be on disk yet. */
export async function bundle(root: string, entry: string, files: Map<string, Output>): Promise<Bundle> {
  const { build } = await import('esbuild')
  const generated = join(root, 'generated')
  try {
    const result = await build({
      absWorkingDir: root, entryPoints: [join(generated, entry)],
      outfile: join(generated, '.cache/generator.mjs'), plugins: [fromMemory(generated, files)],
      bundle: true, write: false, metafile: true, sourcemap: 'inline', sourcesContent: false,
      format: 'esm', platform: 'node', packages: 'external', target: 'node20', logLevel: 'silent',
    })
    const inputs = Object.keys(result.metafile.inputs).map((path) => relative('generated', path))
    return { code: result.outputFiles[0].text, inputs: inputs.filter((path) => files.has(path)) }
  } catch (error) {
    throw remapped(error as BuildFailure, root, files)
  }
}

/** Serves the modules of generated/ from their outputs instead of from disk. */
function fromMemory(generated: string, files: Map<string, Output>): Plugin {
  return {
    name: 'from-memory',
    setup(build) {
      build.onResolve({ filter: /^\./ }, ({ importer, path }) => {
        const file = resolve(dirname(importer), path)
        return files.has(relative(generated, file)) ? { path: file } : undefined
      })
      build.onResolve({ filter: /^\// }, ({ path }) => ({ path }))
      build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const contents = files.get(relative(generated, path))?.text()
        return contents === undefined ? undefined : { contents, loader: 'ts' }
      })
    },
  }
}

/** Code that does not parse, or imports what is not there. */
export class SyntaxFailure extends Error {
  readonly place: Place

  constructor(message: string, place: Place) {
    super(message)
    this.place = place
  }
}

/** esbuild's first error, at its place in a chapter. */
export function remapped(failure: BuildFailure, root: string, files?: Map<string, Output>): Error {
  const first = failure.errors?.[0]
  if (!first?.location) return failure
  const { file, line, column } = first.location
  const read = files && ((path: string) => files.get(path.slice('generated/'.length))?.text())
  const place = at(file, line, column + 1)
  return new SyntaxFailure(first.text, new Remapper(root, read).chapterPlace(place) ?? place)
}

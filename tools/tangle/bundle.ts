/** One module of the tangled system with all it imports, bundled in memory by esbuild. */
import type { BuildFailure, Plugin } from 'esbuild'
import { dirname, join, relative, resolve } from 'node:path'
import { at } from './diagnostics.ts'
import { textOf, type TangledFile } from './expand.ts'
import { Failure } from './door.ts'
import { anywhere, placesOf, type ToChapter } from './remap.ts'
import { columnOf } from './syntax.ts'

export interface Bundle {
  code: string
  /** Paths of the files it is made from, relative to generated/. */
  inputs: string[]
}

/**
 * Bundles generated/`entry` from files that need not be on disk yet. Its map
 * leads to them, not to the chapters: so it stays as it is when prose grows.
 */
export async function bundle(root: string, entry: string, files: Map<string, TangledFile>): Promise<Bundle> {
  const { build } = await import('esbuild')
  const generated = join(root, 'generated')
  try {
    const result = await build({
      absWorkingDir: root, entryPoints: [`./generated/${entry}`],
      outfile: join(root, '.cache/generator.mjs'), plugins: [fromMemory(generated, files)],
      bundle: true, write: false, metafile: true, sourcemap: 'inline', sourcesContent: false,
      sourceRoot: `${anywhere}/.cache/`,
      format: 'esm', platform: 'node', packages: 'external', target: 'node20', logLevel: 'silent',
    })
    const inputs = Object.keys(result.metafile.inputs).map((path) => relative('generated', path))
    return { code: result.outputFiles[0].text, inputs: inputs.filter((path) => files.has(path)) }
  } catch (error) {
    throw remapped(error as BuildFailure, placesOf([...files.values()]))
  }
}

/** Serves the modules of generated/ from memory instead of from disk. */
function fromMemory(generated: string, files: Map<string, TangledFile>): Plugin {
  return {
    name: 'from-memory',
    setup(build) {
      build.onResolve({ filter: /^\./ }, ({ importer, path }) => {
        const file = importer ? resolve(dirname(importer), path) : resolve(generated, '..', path)
        return files.has(relative(generated, file)) ? { path: file } : undefined
      })
      build.onResolve({ filter: /^\// }, ({ path }) => ({ path }))
      build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const file = files.get(relative(generated, path))
        return file && { contents: textOf(file), loader: 'ts' }
      })
    },
  }
}

/** esbuild's first error, at its place in a chapter. */
export function remapped(failure: BuildFailure, toChapter: ToChapter): Error {
  const first = failure.errors?.[0]
  if (!first?.location) return failure
  const place = at(first.location.file, first.location.line, columnOf(first.location))
  return new Failure(first.text, toChapter(place) ?? place)
}

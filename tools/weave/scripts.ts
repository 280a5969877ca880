/** The pages' own programs: each file right under site/src becomes one script beside the pages. */
import { build } from 'esbuild'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const sourceFolder = fileURLToPath(new URL('../../site/src', import.meta.url))

/** Bundles them, minified, as plain scripts that also run from a file; by the names they are served under. */
export async function scripts(): Promise<Map<string, string>> {
  const entries = readdirSync(sourceFolder).filter((file) => file.endsWith('.ts'))
  const { outputFiles } = await build({
    entryPoints: entries.map((file) => join(sourceFolder, file)),
    outdir: sourceFolder, bundle: true, minify: true, write: false, format: 'iife', target: 'es2022', logLevel: 'silent',
  })
  return new Map(outputFiles.map((file) => [file.path.slice(sourceFolder.length + 1), file.text]))
}

/** Makes something of the files below `folders`, and makes it anew only when one of them has changed. */
export function lasting<T>(folders: string[], make: () => Promise<T>): () => Promise<T> {
  let last: { stamp: string, made: Promise<T> } | undefined
  return () => {
    const stamp = folders.map(stampOf).join('\n')
    if (last?.stamp !== stamp) last = { stamp, made: make() }
    return last.made
  }
}

/** When each file below a folder was last written. */
const stampOf = (folder: string): string => (existsSync(folder) ? readdirSync(folder, { recursive: true }) as string[] : [])
  .map((path) => `${path} ${statSync(join(folder, path), { throwIfNoEntry: false })?.mtimeMs}`).join('\n')

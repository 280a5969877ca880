/** The pages' own programs: each file right under site/src becomes one script beside the pages. */
import { build } from 'esbuild'
import { readdirSync } from 'node:fs'
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

/** Runs a bundled generator, with source maps on so that stack traces name its files. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { GeneratedFile } from './generator.ts'
import { writeWhole } from './files.ts'
import { hash } from './hash.ts'

/** Imports the code and calls its generate(). */
export async function runBundle(root: string, code: string): Promise<GeneratedFile[]> {
  const path = join(root, '.cache', `generator-${hash(code)}-${process.pid}.mjs`) // its own: others run theirs
  writeWhole(path, code)
  process.setSourceMapsEnabled(true)
  try {
    const { generate } = await import(pathToFileURL(path).href)
    if (typeof generate !== 'function') throw new Error('it exports no function generate()')
    const files = await generate()
    if (!Array.isArray(files)) throw new Error('generate() returned no array of files')
    return files
  } catch (error) {
    if (error instanceof Error) void error.stack // rendered now, while maps are on
    throw error
  } finally {
    process.setSourceMapsEnabled(false)
    rmSync(path, { force: true })
  }
}

/**
 * Parsed chapters by content: what was parsed once is not parsed again, and
 * remark is not even loaded when nothing has changed.
 */
import { join } from 'node:path'
import type { Outline } from './markdown.ts'
import { hash, readIfThere, writeWhole } from './write.ts'

/** To be raised when Outline changes its form. */
const version = 2

interface Stored {
  version: number
  outlines: Record<string, Outline>
}

/** The outlines of `texts`, from the cache in the folder `generated` where it has them. */
export async function outlines(generated: string, texts: string[]): Promise<Outline[]> {
  const path = join(generated, '.cache', 'chapters.json')
  const stored = load(path)
  const keys = texts.map(hash)
  const missing = keys.some((key) => !(key in stored))
  const markdown = missing ? await import('./markdown.ts') : undefined
  const fresh: Record<string, Outline> = {}
  keys.forEach((key, i) => { fresh[key] = stored[key] ?? markdown!.outline(texts[i]) })
  if (missing) writeWhole(path, JSON.stringify({ version, outlines: fresh } satisfies Stored))
  return keys.map((key) => fresh[key])
}

function load(path: string): Record<string, Outline> {
  try {
    const stored: Stored = JSON.parse(readIfThere(path) ?? '{}')
    return stored.version === version ? stored.outlines : {}
  } catch {
    return {}
  }
}

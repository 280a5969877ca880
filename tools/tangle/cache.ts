/**
 * Parsed chapters by content: what was parsed once is not parsed again, and
 * remark is not even loaded when nothing has changed.
 */
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Outline } from './markdown.ts'
import { readIfThere, writeWhole } from './files.ts'
import { hash } from './hash.ts'

/** To be raised when Outline changes its form. */
const version = 5

/** The outlines of `texts`, from the cache under `root` where it has them. */
export async function outlines(root: string, texts: string[]): Promise<Outline[]> {
  const folder = join(root, '.cache', 'chapters')
  const names = texts.map((text) => `${hash(`${version} ${text}`)}.json`)
  const found = names.map((name) => load(join(folder, name)))
  if (found.every((outline) => outline !== undefined)) return found
  const { outline } = await import('./markdown.ts')
  const all = found.map((known, i) => known ?? outline(texts[i]))
  all.forEach((made, i) => {
    if (!found[i]) writeWhole(join(folder, names[i]), JSON.stringify(made))
  })
  forgetOthers(folder, new Set(names))
  return all
}

/** What this process has loaded already: a watcher tangles many times. */
const loaded = new Map<string, Outline>()

function load(path: string): Outline | undefined {
  const known = loaded.get(path)
  if (known) return known
  try {
    const outline: Outline = JSON.parse(readIfThere(path) ?? '')
    loaded.set(path, outline)
    return outline
  } catch {
    return undefined
  }
}

/** What is only half written belongs to another tool that is at it. */
function forgetOthers(folder: string, kept: Set<string>): void {
  for (const name of readdirSync(folder)) {
    if (kept.has(name) || !name.endsWith('.json')) continue
    rmSync(join(folder, name), { force: true })
    loaded.delete(join(folder, name))
  }
}

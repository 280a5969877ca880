/**
 * Files to disk: only changed ones are written, and files no longer produced
 * go. What the tangler did not write itself it never deletes; the manifest
 * says which files are its own.
 */
import { createHash } from 'node:crypto'
import {
  existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { withoutMap } from './source-map.ts'

export interface Output {
  /** Relative to generated/. */
  path: string
  /** A hash of all that the text is made from. */
  key: string
  /** The text, made only when the file must be written. */
  text(): string
}

export interface Written {
  total: number
  written: string[]
  removed: string[]
}

/** What the tangler knows of a file that it produced. */
export interface Made {
  /** A hash of all that it was made from. */
  key: string
  /** Hashes of what was written, with its map and without. */
  hash: string
  plain: string
  /** The hash of what stood there before: it still does if writing was cut short. */
  was?: string
}

/** All that was produced last, by path. */
export type Manifest = Record<string, Made>

export const hash = (text: string): string =>
  createHash('sha1').update(text).digest('base64url')

/** The text of a file, or undefined where there is none. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** Writes by renaming, so that no reader ever sees half a file. */
export function writeWhole(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  const half = join(dirname(path), `.${process.pid}.half`)
  writeFileSync(half, text)
  renameSync(half, path)
}

const manifestPath = (generated: string) => join(generated, '.cache', 'manifest.json')

/** What the tangler last wrote; nothing, if that cannot be read. */
export function readManifest(generated: string): Manifest {
  try {
    return JSON.parse(readIfThere(manifestPath(generated)) ?? '{}')
  } catch {
    return {}
  }
}

/** Whether a file still holds what the tangler wrote. */
export function intact(generated: string, path: string, manifest: Manifest): boolean {
  const there = readIfThere(join(generated, path))
  return there !== undefined && manifest[path]?.hash === hash(there)
}

/** Whether a file holds an edit made by hand since it was tangled. */
function edited(there: string, made: Made | undefined): boolean {
  if (made === undefined) return false
  return ![made.hash, made.was].includes(hash(there)) && hash(withoutMap(there)) !== made.plain
}

export interface Plan {
  total: number
  manifest: Manifest
  /** Where a file has only moved in its chapter, nothing but its map changes. */
  writes: { path: string, text: string, moved: boolean }[]
  removed: string[]
  /** Files with edits that the plan would overwrite. */
  edited: string[]
}

/** What must be done for the folder `generated` to hold `outputs`, beside foreign files. */
export function planOutputs(generated: string, outputs: Output[]): Plan {
  const before = readManifest(generated)
  const plan: Plan = { total: outputs.length, manifest: {}, writes: [], removed: [], edited: [] }
  for (const output of outputs) planOutput(generated, output, before, plan)
  for (const [path, made] of Object.entries(before)) {
    if (path in plan.manifest) continue
    plan.removed.push(path)
    if (edited(readIfThere(join(generated, path)) ?? '', made)) plan.edited.push(path)
  }
  return plan
}

function planOutput(generated: string, output: Output, before: Manifest, plan: Plan): void {
  const { path, key } = output
  const made = before[path]
  if (made?.key === key && intact(generated, path, before)) {
    plan.manifest[path] = made
    return
  }
  const there = readIfThere(join(generated, path))
  const text = output.text()
  const plain = withoutMap(text)
  plan.manifest[path] = { key, hash: hash(text), plain: hash(plain) }
  if (there === text) return
  plan.writes.push({ path, text, moved: there !== undefined && withoutMap(there) === plain })
  if (there === undefined) return
  plan.manifest[path].was = hash(there)
  if (edited(there, made) && withoutMap(there) !== plain) plan.edited.push(path)
}

/** The manifest goes first, so that a write cut short is not taken for an edit. */
export function carryOut(generated: string, plan: Plan): Written {
  const { manifest, writes, removed, total } = plan
  const text = JSON.stringify(manifest, null, 1)
  if (readIfThere(manifestPath(generated)) !== text) writeWhole(manifestPath(generated), text)
  for (const { path, text } of writes) writeWhole(join(generated, path), text)
  for (const path of removed) remove(generated, path)
  return { total, written: writes.map(({ path }) => path), removed }
}

/** Removes a file and the folders it leaves empty. */
function remove(generated: string, path: string): void {
  rmSync(join(generated, path), { force: true })
  if (!existsSync(dirname(join(generated, path)))) return
  for (let dir = dirname(path); dir !== '.'; dir = dirname(dir)) {
    if (readdirSync(join(generated, dir)).length > 0) return
    rmdirSync(join(generated, dir))
  }
}

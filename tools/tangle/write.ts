/**
 * Files to disk: only changed ones are written, and files no longer produced
 * go. What the tangler did not write itself it never deletes; the manifest
 * says which files are its own.
 */
import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { bytesIfThere, readIfThere, writeWhole } from './files.ts'
import { hash } from './hash.ts'
import { manifestPath, readManifest, type Made, type Manifest } from './manifest.ts'
import { codeOf, plainHashIn } from './source-map.ts'

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

/** The text of a tangled file, with its map; undefined where there is none. */
export const readTangled = (generated: string, path: string): string | undefined =>
  readIfThere(join(generated, path), `generated/${path}`)

/** The same to compare with what is to be written: what is no text is some other text. */
const anyTextOf = (generated: string, path: string): string | undefined =>
  bytesIfThere(join(generated, path))?.toString()

/** Whether a file still holds what the tangler wrote. */
function intact(generated: string, path: string, manifest: Manifest): boolean {
  const there = anyTextOf(generated, path)
  return there !== undefined && manifest[path]?.hash === hash(there)
}

/**
 * The hash of what was tangled into a file: the manifest says, or else the
 * file's own map. Undefined where neither does: then whatever differs from the
 * book is somebody's edit.
 */
export function recordOf(path: string, there: string, made: Made | undefined): string | undefined {
  return made?.plain ?? plainHashIn(path, there)
}

/** Whether a file holds what somebody wrote since it was tangled, if ever it was. */
function isEdited(path: string, there: string, made: Made | undefined): boolean {
  if (made && [made.hash, made.was].includes(hash(there))) return false
  return hash(codeOf(path, there)) !== recordOf(path, there, made)
}

/** A file with an edit that a plan would overwrite; whether anything says what was tangled into it. */
export interface Edited {
  path: string
  recorded: boolean
}

export interface Plan {
  total: number
  manifest: Manifest
  /** Where a file has only moved in its chapter, nothing but its map changes. */
  writes: { path: string, text: string, moved: boolean }[]
  removed: string[]
  edited: Edited[]
}

/** Whether everything is as it is to be. */
export const isNothing = ({ writes, removed }: Plan): boolean => writes.length === 0 && removed.length === 0

/** What must be done for the folder `generated` to hold `outputs`, beside foreign files. */
export function planOutputs(generated: string, outputs: Output[]): Plan {
  const before = readManifest(generated)
  const plan: Plan = { total: outputs.length, manifest: {}, writes: [], removed: [], edited: [] }
  for (const output of outputs) planOutput(generated, output, before, plan)
  for (const [path, made] of Object.entries(before)) {
    if (path in plan.manifest) continue
    plan.removed.push(path)
    const there = anyTextOf(generated, path)
    if (there !== undefined && isEdited(path, there, made)) plan.edited.push({ path, recorded: true })
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
  const there = anyTextOf(generated, path)
  const text = output.text()
  const plain = codeOf(path, text)
  plan.manifest[path] = { key, hash: hash(text), plain: hash(plain) }
  if (there === text) return
  plan.writes.push({ path, text, moved: there !== undefined && codeOf(path, there) === plain })
  if (there === undefined) return
  plan.manifest[path].was = hash(there)
  if (codeOf(path, there) === plain || !isEdited(path, there, made)) return
  plan.edited.push({ path, recorded: recordOf(path, there, made) !== undefined })
}

/** The manifest goes first, so that a write cut short is not taken for an edit. */
export function carryOut(generated: string, plan: Plan): Written {
  const { manifest, writes, removed, total } = plan
  const text = JSON.stringify(manifest, null, 1)
  if (readIfThere(manifestPath(generated)) !== text) writeWhole(manifestPath(generated), text)
  for (const path of removed) remove(generated, path)
  for (const { path, text } of writes) writeWhole(join(generated, path), text)
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

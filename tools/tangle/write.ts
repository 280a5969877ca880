/**
 * Files to disk: only changed ones are written, and files no longer produced
 * go. What the tangler did not write itself it never deletes; the manifest
 * says which files are its own.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

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

/** The files the tangler produced last: what each was made from, and a hash of what was written. */
export type Manifest = Record<string, { key: string, hash: string }>

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

export function readManifest(generated: string): Manifest {
  return JSON.parse(readIfThere(manifestPath(generated)) ?? '{}')
}

/** Whether a file still holds what the tangler wrote. */
export function intact(generated: string, path: string, manifest: Manifest): boolean {
  const there = readIfThere(join(generated, path))
  return there !== undefined && manifest[path]?.hash === hash(there)
}

/** Brings the folder `generated` to hold exactly `outputs`, beside foreign files. */
export function writeOutputs(generated: string, outputs: Output[]): Written {
  const before = readManifest(generated)
  const manifest: Manifest = {}
  const written: string[] = []
  for (const output of outputs) {
    const { path, key } = output
    if (before[path]?.key === key && intact(generated, path, before)) {
      manifest[path] = before[path]
      continue
    }
    const text = output.text()
    manifest[path] = { key, hash: hash(text) }
    if (readIfThere(join(generated, path)) === text) continue
    writeWhole(join(generated, path), text)
    written.push(path)
  }
  const removed = Object.keys(before).filter((path) => !(path in manifest))
  for (const path of removed) remove(generated, path)
  if (JSON.stringify(before) !== JSON.stringify(manifest)) {
    writeWhole(manifestPath(generated), JSON.stringify(manifest, null, 1))
  }
  return { total: outputs.length, written, removed }
}

/** Removes a file and the folders it leaves empty. */
function remove(generated: string, path: string): void {
  rmSync(join(generated, path), { force: true })
  for (let dir = dirname(path); dir !== '.'; dir = dirname(dir)) {
    if (readdirSync(join(generated, dir)).length > 0) return
    rmdirSync(join(generated, dir))
  }
}

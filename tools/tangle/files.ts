/**
 * Files, read and written: texts through one decoder, and writing by renaming,
 * so that no reader ever sees half a file and a full disk leaves none behind.
 */
import {
  chmodSync, chownSync, closeSync, mkdirSync, openSync, readFileSync, realpathSync,
  renameSync, rmSync, statSync, writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { Failure, Refused } from './door.ts'
import { decode } from './utf8.ts'

function bytesOf(path: string): Buffer {
  try {
    if (statSync(path).isFIFO()) throw new Refused(`cannot read ${path}: it is a pipe`) // which would be waited for
    return readFileSync(path)
  } catch (error) {
    throw aboutPath(error, path, 'read')
  }
}

/** The bytes of a file, or undefined where there is none. */
export function bytesIfThere(path: string): Buffer | undefined {
  try {
    return bytesOf(path)
  } catch (error) {
    if (/^(ENOENT|ENOTDIR)$/.test((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

/** The text of a file, or undefined where there is none. @throws Failure at what is not UTF-8 */
export function readIfThere(path: string, name = path): string | undefined {
  const bytes = bytesIfThere(path)
  return bytes && textOf(bytes, name)
}

/** The text of a file called `name` in what is told of it. @throws Failure at what is not UTF-8 */
export const readText = (path: string, name: string): string => textOf(bytesOf(path), name)

function textOf(bytes: Buffer, name: string): string {
  const decoded = decode(bytes, name)
  if ('text' in decoded) return decoded.text
  throw new Failure(decoded.message, decoded.place, decoded.hint)
}

let halves = 0

/** A new file beside `path`, to become it. What was there keeps its mode and its owner. */
export class Half {
  private readonly half: string
  private readonly path: string

  constructor(path: string, text: string | Uint8Array) {
    this.path = throughLinks(path)
    this.half = join(dirname(this.path), `.${process.pid}-${++halves}.half`)
    try {
      mkdirSync(dirname(this.path), { recursive: true })
      write(this.half, text)
      likeBefore(this.path, this.half)
    } catch (error) {
      this.drop()
      throw aboutPath(error, path, 'write')
    }
  }

  /** Puts it in the place of what was there. */
  keep(): void {
    try {
      renameSync(this.half, this.path)
    } catch (error) {
      this.drop()
      throw aboutPath(error, this.path, 'write')
    }
  }

  drop(): void {
    try {
      rmSync(this.half, { force: true })
    } catch { /* it never came to be */ }
  }
}

function write(path: string, text: string | Uint8Array): void {
  const file = openSync(path, 'wx')
  try {
    writeFileSync(file, text)
  } finally {
    closeSync(file)
  }
}

/** Writes a file whole or not at all. */
export function writeWhole(path: string, text: string | Uint8Array): void {
  new Half(path, text).keep()
}

/** A link stays one: what it leads to is written. */
function throughLinks(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

function likeBefore(path: string, half: string): void {
  const before = statSync(path, { throwIfNoEntry: false })
  if (!before) return
  const { uid, gid } = statSync(half)
  if (before.uid !== uid || before.gid !== gid) chownSync(half, before.uid, before.gid)
  chmodSync(half, before.mode & 0o7777)
}

/** Some errors of the system do not say which file they are about, or name one of ours. */
function aboutPath(error: unknown, path: string, syscall: string): unknown {
  return Object.assign(error as object, { path, syscall })
}

/**
 * What a weave keeps for the next, on disk: values by key, in one file of JSON.
 *
 * Keys say everything that a value was made of, this program included, so
 * nothing kept can be out of date; what a weave did not ask for is dropped.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const hashOf = (...parts: string[]) => createHash('sha1').update(parts.join('\0')).digest('base64url')

const here = fileURLToPath(new URL('.', import.meta.url))
const sources = (readdirSync(here, { recursive: true }) as string[]).filter((path) => path.endsWith('.ts')).sort()
/** Changes with every change of the weaver itself. */
const version = hashOf(...sources.map((path) => readFileSync(join(here, path), 'utf8')))

export class Kept<T> {
  private readonly file: string
  private readonly values = new Map<string, T>()
  private readonly asked = new Set<string>()
  private changed = false

  constructor(file: string) {
    this.file = file
    if (!existsSync(file)) return
    const stored = JSON.parse(readFileSync(file, 'utf8')) as { version: string, values: [string, T][] }
    if (stored.version === version) this.values = new Map(stored.values)
  }

  get size(): number {
    return this.values.size
  }

  get(key: string): T | undefined {
    this.asked.add(key)
    return this.values.get(key)
  }

  set(key: string, value: T): T {
    this.values.set(key, value)
    this.changed = true
    return value
  }

  /** Writes the file, if anything is new, without what was not asked for since it was read. */
  save(): void {
    if (!this.changed) return
    mkdirSync(dirname(this.file), { recursive: true })
    const values = [...this.values].filter(([key]) => this.asked.has(key))
    writeFileSync(this.file, JSON.stringify({ version, values }))
    this.changed = false
  }
}

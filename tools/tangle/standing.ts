/**
 * Whether the Launcher's module is still that of the chapters. To read them all
 * takes a tenth of the time it takes to tangle them.
 */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { bytesIfThere, readIfThere, writeWhole } from './files.ts'
import { hash } from './hash.ts'
import { readManifest, type Manifest } from './manifest.ts'

const signPath = (root: string) => join(root, '.cache', 'launcher.sign')
/** Of which generated files the module was made. */
export const keyPath = (root: string) => join(root, '.cache', 'launcher.key')
export const keyOf = (manifest: Manifest): string => hash(JSON.stringify(manifest))

/** A hash of all that is under journey/, and of the tools that read it; undefined where there is more than files. */
export function signOf(root: string): string | undefined {
  const journey = join(root, 'journey')
  if (!existsSync(journey)) return undefined
  const all = createHash('sha1').update(import.meta.url)
  for (const entry of readdirSync(journey, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isDirectory()) continue
    if (!entry.isFile()) return undefined
    const bytes = readFileSync(path)
    all.update(`${path} ${bytes.length} `).update(bytes)
  }
  return all.digest('base64url')
}

/** The Launcher's module, if it was made of what has this sign and nobody has touched what was tangled. */
export function standing(root: string, sign: string | undefined): string | undefined {
  const [module, generated] = [join(root, '.cache', 'launcher.mjs'), join(root, 'generated')]
  if (!sign || !existsSync(module)) return undefined
  const manifest = readManifest(generated)
  const key = keyOf(manifest)
  if (readIfThere(keyPath(root)) !== key || readIfThere(signPath(root)) !== `${sign} ${key}`) return undefined
  const untouched = Object.entries(manifest).every(([path, made]) => {
    const there = bytesIfThere(join(generated, path))
    return there !== undefined && hash(there) === made.hash
  })
  return untouched ? module : undefined
}

/** The module stands, made of chapters with this sign. In a checkout of somebody else this is not noted, and all stays as slow. */
export function remember(root: string, sign: string | undefined): void {
  const text = `${sign} ${keyOf(readManifest(join(root, 'generated')))}`
  if (!sign || readIfThere(signPath(root)) === text) return
  try {
    writeWhole(signPath(root), text)
  } catch (error) {
    if (!/^(EACCES|EPERM|EROFS)$/.test((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}

/**
 * Puppy for the Worker of a page: assembled when the site is woven, since its texts,
 * comments and all, weigh more than what comes of them, and take a while to assemble.
 */
import type { Plugin } from 'esbuild'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { deflateRawSync } from 'node:zlib'
import { writeWhole } from '../tangle/files.ts'
import { hash } from '../tangle/hash.ts'

/** What is replaced, relative to generated/. */
const puppyModule = 'puppy/index.ts'

/** Replaces the module that assembles Puppy by one that unpacks it. */
export function puppyPrebuilt(root: string): Plugin {
  const folder = join(root, 'generated', 'puppy')
  return { name: 'puppy prebuilt', setup(build) {
    build.onLoad({ filter: /[\\/]generated[\\/]puppy[\\/]index\.ts$/ }, async () => ({
      contents: `import { inflateSync } from 'fflate'
        const packed = ${JSON.stringify(await packedImage(root))}
        export function puppyImage() {
          return inflateSync(Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0)))
        }`,
      loader: 'js', resolveDir: folder,
    }))
  } }
}

/** The image, deflated, in base 64; kept in the cache, by a hash of what assembles it. */
async function packedImage(root: string): Promise<string> {
  const { build } = await import('esbuild')
  const { outputFiles } = await build({
    entryPoints: [join(root, 'generated', puppyModule)], bundle: true, write: false,
    format: 'esm', platform: 'node', target: 'node20', minify: true, logLevel: 'silent', legalComments: 'none',
  })
  const program = outputFiles[0].text
  const cache = join(root, '.cache')
  const path = join(cache, `puppy-${hash(program)}.txt`)
  if (existsSync(path)) return readFileSync(path, 'utf8')
  const code = join(cache, `puppy-${hash(program)}.mjs`)
  writeWhole(code, program)
  const { puppyImage } = await import(pathToFileURL(code).href) as { puppyImage(): Uint8Array }
  for (const old of readdirSync(cache)) if (/^puppy-.*\.(txt|mjs)$/.test(old)) rmSync(join(cache, old), { force: true })
  const packed = deflateRawSync(puppyImage(), { level: 9 }).toString('base64')
  writeWhole(path, packed)
  return packed
}

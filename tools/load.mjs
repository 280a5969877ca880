/**
 * Loads the tools, which are TypeScript, into plain Node: bundled once by
 * esbuild, then kept under .cache by the hash of their sources.
 * A tool starts in a tenth of a second, most of it Node's own.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const tools = dirname(fileURLToPath(import.meta.url))
const cache = join(tools, '../.cache')

/** The folder of the project. */
export const root = dirname(tools)

/** The module tools/tangle/`name`.ts. */
export async function loadTool(name) {
  const folder = join(cache, `tools-${fingerprint()}`)
  if (!existsSync(folder) && !await bundle(folder)) return undefined
  return import(pathToFileURL(join(folder, `${name}.js`)))
}

function fingerprint() {
  const hash = createHash('sha1')
  const files = readdirSync(tools, { recursive: true }).filter((name) => name.endsWith('.ts'))
  for (const file of files.sort()) hash.update(file).update(readFileSync(join(tools, file)))
  hash.update(readFileSync(fileURLToPath(import.meta.url)))
  hash.update(readFileSync(join(tools, '../package-lock.json')))
  return hash.digest('hex').slice(0, 16)
}

async function bundle(folder) {
  const esbuild = await import('esbuild').catch(() => undefined)
  if (!esbuild) {
    console.error('the packages are not installed: run npm ci')
    process.exitCode = 1
    return false
  }
  const half = `${folder}.${process.pid}`
  try {
    mkdirSync(half, { recursive: true })
  } catch ({ message }) {
    console.error(`${message}: run npm ci as the owner of that folder`)
    process.exitCode = 1
    return false
  }
  await esbuild.build({
    entryPoints: ['main', 'launch'].map((name) => join(tools, 'tangle', `${name}.ts`)),
    outdir: half, bundle: true, splitting: true, sourcemap: true,
    platform: 'node', format: 'esm', target: 'node20', external: ['esbuild', 'shiki'],
    banner: { js: "import { createRequire as _create } from 'node:module'; const require = _create(import.meta.url);" },
    logLevel: 'error',
  })
  forgetOthers()
  if (existsSync(folder)) rmSync(half, { recursive: true })
  else renameSync(half, folder)
  return true
}

function forgetOthers() {
  for (const old of readdirSync(cache).filter((name) => /^tools-\w+$/.test(name))) {
    rmSync(join(cache, old), { recursive: true, force: true })
  }
}

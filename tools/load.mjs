/**
 * Loads the tools, which are TypeScript, into plain Node: bundled once by
 * esbuild, then kept under .cache by the hash of their sources.
 * A tool starts in a tenth of a second, most of it Node's own.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const tools = dirname(fileURLToPath(import.meta.url))
const cache = join(tools, '../.cache')

/** The folder of the project. */
export const root = dirname(tools)

/** The module tools/tangle/`name`.ts; undefined after telling why there is none. */
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
  if (!esbuild) return fail('the packages are not installed: run npm ci')
  const half = `${folder}.${process.pid}`
  try {
    mkdirSync(half, { recursive: true })
  } catch ({ code, message }) {
    return fail(/^(EACCES|EPERM|EROFS)$/.test(code)
      ? `cannot write ${JSON.stringify(half)}: run npm ci as the owner of that folder` : message)
  }
  try {
    await build(esbuild, half)
    forgetOthers(folder)
    settle(half, folder)
    return true
  } catch (error) {
    return fail(`cannot bundle the tools: ${error.errors?.[0]?.text ?? error.message}`)
  } finally {
    rmSync(half, { recursive: true, force: true })
  }
}

/** Packages that only tinkerers install are looked for when a command needs them. */
async function build(esbuild, half) {
  const { devDependencies } = JSON.parse(readFileSync(join(tools, '../package.json'), 'utf8'))
  await esbuild.build({
    entryPoints: ['main', 'launch'].map((name) => ({ in: `./tangle/${name}.ts`, out: name })),
    outdir: half, bundle: true, splitting: true, sourcemap: true, absWorkingDir: tools,
    platform: 'node', format: 'esm', target: 'node20', external: ['esbuild', ...Object.keys(devDependencies)],
    banner: { js: "import { createRequire as _create } from 'node:module'; const require = _create(import.meta.url);" },
    logLevel: 'silent',
  })
}

/** Another process may have been faster: then its folder stands. */
function settle(half, folder) {
  try {
    renameSync(half, folder)
  } catch (error) {
    if (!existsSync(folder)) throw error
  }
}

function fail(message) {
  console.error(message)
  process.exitCode = 1
  return false
}

/** Milliseconds after which nobody still starts from a folder: who runs longer has loaded it whole. */
const startsWithin = 3_600_000

function forgetOthers(folder) {
  for (const old of readdirSync(cache).filter((name) => /^tools-/.test(name))) {
    const path = join(cache, old)
    const made = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
    if (path.startsWith(folder) || Date.now() - made < startsWithin) continue
    rmSync(path, { recursive: true, force: true })
  }
}

/**
 * Machine code for the Workers of pages: assembled when the site is woven, since the
 * texts, comments, assembler and all, weigh more than what comes of them, and take a
 * while to assemble.
 *
 * Invariant: what is kept was made by the functions themselves, called as a Host that
 * starts calls them; asked for anything else, it fails.
 */
import type { Plugin } from 'esbuild'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { writeWhole } from '../tangle/files.ts'
import { hash } from '../tangle/hash.ts'

/** The function of each module that assembles; the last shows the lines of the Switcher in a figure. */
const assembling: Record<string, string> = {
  'puppy/index.ts': 'puppyImage', 'switcher/code.ts': 'buildSwitcher', 'host/own-code.ts': 'buildOwnCode',
  'figures/switcher-lines.ts': 'switcherLines',
}
const moduleFilter = /[\\/](generated[\\/](puppy[\\/]index|switcher[\\/]code|host[\\/]own-code)|figures[\\/]switcher-lines)\.ts$/
const linesModule = fileURLToPath(new URL('../../site/src/figures/switcher-lines.ts', import.meta.url))
const moduleOf = (path: string) => path.split(/[\\/]/).slice(-2).join('/')

/** Calls all of them, as a Launcher does that boots Puppy. */
const caller = `
  import { BareMachine } from './emulator/bare.ts'
  import { InstructionClock } from './host/clock.ts'
  import { Host, HOST_AREA } from './host/host.ts'
  import { puppyImage } from './puppy/index.ts'
  import { switcherLines } from ${JSON.stringify(linesModule)}
  const machine = new BareMachine({ ramBytes: HOST_AREA + (1 << 20), deterministic: true })
  new Host(machine, { clock: new InstructionClock(machine.cpu, 1, 0), random: () => 0 })
  puppyImage()
  switcherLines()
  export const calls = globalThis.assembled`

/** A call, and what came of it, as a literal. */
interface Call { module: string, given: string, made: string }

/** Lets our own sources find the generated ones of another root, as of a test's book. */
export function generatedOf(root: string): Plugin {
  return { name: 'generated', setup(build) {
    build.onResolve({ filter: /^\.\.\/\.\.\/\.\.\/generated\// }, ({ path }) => ({ path: join(root, path.replace(/^(\.\.\/)+/, '')) }))
  } }
}

/** Replaces the modules that assemble by ones that unpack. */
export function prebuilt(root: string): Plugin {
  let calls: Promise<Call[]> | undefined
  return { name: 'prebuilt', setup(build) {
    build.onLoad({ filter: moduleFilter }, async ({ path }) => {
      const call = (await (calls ??= callsIn(root))).find(({ module }) => module === moduleOf(path))!
      return { contents: unpacking(call), loader: 'js', resolveDir: join(root, 'generated') }
    })
  } }
}

const unpacking = ({ module, given, made }: Call) => `
  const bytes = (hex) => Uint8Array.from(
    hex.replace(/z(.*?)z/g, (_, count) => '00'.repeat(count)).match(/../g), (pair) => parseInt(pair, 16))
  const sums = (steps) => steps.map(((sum) => (step) => sum += step)(0))
  export function ${assembling[module]}(...given) {
    if (JSON.stringify(given) !== ${JSON.stringify(given)}) throw new Error(${JSON.stringify(`${module} was assembled for ${given}`)})
    return ${made}
  }`

/**
 * A literal in the scope of what unpacks. Runs of zeros are counted, and of numbers in a list there
 * are the differences; the rest compresses best as it is.
 */
function literal(made: unknown): string {
  if (made instanceof Uint8Array) {
    const pairs = Buffer.from(made).toString('hex').replace(/../g, '$& ')
    return `bytes('${pairs.replace(/(?:00 ){4,}/g, (zeros) => `z${zeros.length / 3}z`).replaceAll(' ', '')}')`
  }
  if (Array.isArray(made)) return `sums(${JSON.stringify(made.map((value, i) => value - (made[i - 1] ?? 0)))})`
  if (typeof made !== 'object') return JSON.stringify(made)
  return `{${Object.entries(made!).map(([name, value]) => `${name}:${literal(value)}`)}}`
}

/** What was called; kept in the cache, by a hash of the code that did it. */
async function callsIn(root: string): Promise<Call[]> {
  const { build } = await import('esbuild')
  const { outputFiles } = await build({
    stdin: { contents: caller, resolveDir: join(root, 'generated'), loader: 'ts' }, bundle: true, write: false, plugins: [noting, generatedOf(root)],
    format: 'esm', platform: 'node', target: 'node20', minify: true, logLevel: 'silent', legalComments: 'none',
  })
  const program = outputFiles[0].text
  const cache = join(root, '.cache')
  const path = join(cache, `assembled-${hash(program + literal)}.json`)
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8'))
  const code = join(cache, `assembled-${hash(program)}.mjs`)
  writeWhole(code, program)
  const { calls } = await import(pathToFileURL(code).href) as { calls: (Omit<Call, 'made'> & { made: unknown })[] }
  for (const old of readdirSync(cache)) if (/^(assembled|puppy)-/.test(old)) rmSync(join(cache, old), { force: true })
  const literals = calls.map((call): Call => ({ ...call, made: literal(call.made) }))
  writeWhole(path, JSON.stringify(literals))
  return literals
}

/** Wraps the functions, so that they note what they are given and what they make. */
const noting: Plugin = { name: 'noting', setup(build) {
  build.onResolve({ filter: /\?itself$/ }, ({ path }) => ({ path: path.replace('?itself', ''), suffix: '?itself' }))
  build.onLoad({ filter: moduleFilter }, ({ path, suffix }) => suffix ? undefined : {
    contents: `import { ${assembling[moduleOf(path)]} as itself } from '${path}?itself'
      export function ${assembling[moduleOf(path)]}(...given) {
        const made = itself(...given);
        (globalThis.assembled ??= []).push({ module: '${moduleOf(path)}', given: JSON.stringify(given), made })
        return made
      }`,
  })
} }

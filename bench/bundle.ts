/**
 * What runs the system is bundled before it is measured, as the Launcher is:
 * the engine reads another module's constant afresh each time it is used,
 * which makes the processor several times slower than the one that ships.
 * Constants of modules without imports are even written in as numbers.
 */
import { readFile } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'

const root = new URL('..', import.meta.url)

/** How often each operation was performed, by its number. */
export const COUNTS = 'operationCounts'

/** Bundles `entry`, a path in the project. @returns the module's URL */
export async function bundle(entry: string, { counting = false } = {}): Promise<string> {
  const name = `${entry.replace(/\W+/g, '-')}${counting ? '-counting' : ''}.mjs`
  const outfile = fileURLToPath(new URL(`.cache/bench/${name}`, root))
  await build({
    absWorkingDir: fileURLToPath(root), entryPoints: [`./${entry}`], outfile, bundle: true,
    format: 'esm', platform: 'node', target: 'node20', packages: 'external', logLevel: 'error',
    minifySyntax: true,
    plugins: counting ? [countOperations] : [],
    banner: counting ? { js: `const ${COUNTS} = globalThis.${COUNTS} = new Float64Array(2048);` } : {},
  })
  return pathToFileURL(outfile).href
}

/**
 * Puts a counter into the interpreter's main loop, in the bundle only: the
 * interpreter that ships has none and loses nothing.
 */
const countOperations: Plugin = {
  name: 'count operations',
  setup(builder) {
    builder.onLoad({ filter: /run\/loop\.ts$/ }, async ({ path }) => (
      { loader: 'ts', contents: withCounter(await readFile(path, 'utf8')) }))
  },
}

/** Where the loop chooses by operation, and where it gets its functions. */
const DISPATCH = 'body.table(hot)'
const FUNCTIONS = 'find: finding(c, cache),'

function withCounter(loop: string): string {
  if (!loop.includes(DISPATCH) || !loop.includes(FUNCTIONS)) {
    throw new Error('the main loop of the interpreter is not where it was: see E:691')
  }
  return loop.replace(DISPATCH, `body.call('count', 1)\n${DISPATCH}`)
    .replace(FUNCTIONS, `count: (n: number) => { ${COUNTS}[n]++; return n }, ${FUNCTIONS}`)
}

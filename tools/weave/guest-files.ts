/** What an element that runs Guests loads when it is started: the terminal, and the Launcher as a Worker. */
import type { Plugin } from 'esbuild'
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generatedOf, prebuilt } from './prebuilt.ts'

const source = fileURLToPath(new URL('../../site/src/guest', import.meta.url))

/** How Guests look. */
export const guestStyle = (): string => readFileSync(join(source, 'guest.css'), 'utf8')

/** The Worker, relative to generated/. */
export const workerModule = 'launcher/browser/worker.ts'

const licences = '/*! The journey, GPL-2.0-or-later; with fflate, MIT, (c) Arjun Barrett */'

/**
 * The scripts by their addresses in the site, made from generated/ of `root` as it is now.
 * A book without a Launcher for pages has none.
 */
export async function guestFiles(root: string): Promise<Map<string, string>> {
  const worker = join(root, 'generated', workerModule)
  if (!existsSync(worker)) return new Map()
  const built = await Promise.all([
    // Names that begin with _ are the terminal's own affair; they are a tenth of its weight.
    bundled([join(source, 'terminal.ts')], { mangleProps: /^_[a-zA-Z]/, plugins: [styleAsText] }),
    // What both Workers import stands once, and what only a real kernel needs by itself.
    bundled([worker, join(source, 'filming.ts')], {
      splitting: true, banner: { js: licences }, plugins: [prebuilt(root), generatedOf(root)],
    }),
  ])
  return new Map(built.flat())
}

/** A stylesheet that is imported becomes its text, without comments and spaces. */
const styleAsText: Plugin = { name: 'style as text', setup(build) {
  build.onLoad({ filter: /\.css$/ }, async ({ path }) => {
    const { code } = await build.esbuild.transform(readFileSync(path, 'utf8'), { loader: 'css', minify: true, legalComments: 'none' })
    return { contents: code.trim(), loader: 'text' }
  })
} }

/** Modules for the folder guest/ of the site, by their addresses. */
async function bundled(entries: string[], options: object): Promise<[string, string][]> {
  const { build } = await import('esbuild')
  const { outputFiles } = await build({
    entryPoints: Object.fromEntries(entries.map((path) => [basename(path, '.ts'), path])), outdir: source,
    bundle: true, write: false, minify: true, format: 'esm', platform: 'browser', target: 'es2022',
    chunkNames: '[name]-[hash]', logLevel: 'silent', legalComments: 'inline', ...options,
  })
  return outputFiles.map(({ path, text }) => [`guest/${basename(path)}`, text])
}

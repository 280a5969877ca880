/** What an element that runs Guests loads when it is started: the terminal, and the Launcher as a Worker. */
import type { Plugin } from 'esbuild'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { puppyPrebuilt } from './prebuilt.ts'

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
    bundled('guest/terminal.js', join(source, 'terminal.ts'), { format: 'esm', mangleProps: /^_[a-zA-Z]/ }),
    bundled('guest/worker.js', worker, { format: 'iife', banner: { js: licences }, plugins: [puppyPrebuilt(root)] }),
    bundled('guest/filming.js', join(source, 'filming.ts'), { format: 'iife', banner: { js: licences }, plugins: [puppyPrebuilt(root), generatedOf(root)] }),
  ])
  return new Map(built)
}

/** Lets our own sources find the generated ones of another root, as of a test's book. */
function generatedOf(root: string): Plugin {
  return { name: 'generated', setup(build) {
    build.onResolve({ filter: /^\.\.\/\.\.\/\.\.\/generated\// }, ({ path }) => ({ path: join(root, path.replace(/^(\.\.\/)+/, '')) }))
  } }
}

async function bundled(url: string, entry: string, options: object): Promise<[string, string]> {
  const { build } = await import('esbuild')
  const { outputFiles } = await build({
    entryPoints: [entry], bundle: true, write: false, minify: true, platform: 'browser', target: 'es2022',
    loader: { '.css': 'text' }, logLevel: 'silent', legalComments: 'inline', ...options,
  })
  return [url, outputFiles[0].text]
}

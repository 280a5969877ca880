/** The Launcher as one module, with the packages that it is made with inside. */
import { build, type Metafile } from 'esbuild'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The module's text, and the licenses of the packages inside it. */
export interface PackedLauncher { module: string, licenses: string }

/** Bundles generated/ of `root`. koffi stays outside: it is for taps only, and looked for at run time. */
export async function packLauncher(root: string): Promise<PackedLauncher> {
  const { outputFiles: [module], metafile } = await build({
    absWorkingDir: root, entryPoints: ['./generated/launcher/node/main.ts'],
    bundle: true, write: false, metafile: true, format: 'esm', platform: 'node',
    target: 'node20', minifySyntax: true, minifyWhitespace: true, external: ['koffi'],
    // commander is CommonJS, and asks for Node's modules.
    banner: { js: "import { createRequire as _create } from 'node:module'\n"
      + 'const require = _create(import.meta.url)' },
  })
  return { module: module.text, licenses: licenses(root, metafile) }
}

function licenses(root: string, { inputs }: Metafile): string {
  const folders = new Set(Object.keys(inputs).filter((path) => path.includes('node_modules/'))
    .map((path) => packageFolder(join(root, path))))
  return [...folders].sort().map(license).join('\n')
}

/** The folder of the package.json next above a file. */
function packageFolder(file: string): string {
  const folder = dirname(file)
  return existsSync(join(folder, 'package.json')) ? folder : packageFolder(folder)
}

function license(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))
  if (!file) throw new Error(`${name} comes without its license's text`)
  return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8')}`
}

/** The command line of the weave: `weave` writes the site, `site` serves it too. */
import { Command } from 'commander'
import { join } from 'node:path'
import { findRoot } from '../tangle/chapters.ts'
import { format } from '../tangle/diagnostics.ts'
import { explain, Refused, tell } from '../tangle/door.ts'
import { Live } from './live.ts'
import { printBook } from './print.ts'
import { reweave, serve } from './serve.ts'
import { Weaver, type Weave } from './site.ts'

const root = findRoot(process.cwd())
const dist = join(root, 'site', 'dist')

function report({ pages, written, errors }: Weave, ms: number): void {
  for (const error of errors) process.stderr.write(format(error) + '\n')
  process.stdout.write(`wove ${pages} pages, ${written.length} files changed, in ${Math.round(ms)} ms\n`)
}

/** One line that rewrites itself; the report overwrites it. */
function showProgress(done: number, all: number): void {
  process.stdout.write(`\rweaving chapter ${done + 1} of ${all}${done + 1 === all ? '\r\x1b[K' : ''}`)
}

async function weaveOnce(weaver: Weaver, edition: boolean, learning = false): Promise<Weave> {
  const start = performance.now()
  const weave = await weaver.weave(edition, process.stdout.isTTY ? showProgress : undefined, learning)
  report(weave, performance.now() - start)
  return weave
}

async function learn(weaver: Weaver): Promise<void> {
  const start = performance.now()
  const count = await weaver.learn()
  if (count > 0) process.stdout.write(`learnt the types of ${count} files in ${Math.round(performance.now() - start)} ms\n`)
}

async function serveSite(options: { port: string }): Promise<void> {
  const port = Number(options.port)
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    program.error(`error: '${options.port}' is no port`)
  }
  const weaver = new Weaver(root, dist, true)
  const live = new Live()
  live.tell(await weaveOnce(weaver, false))
  const server = await serve(dist, port, live)
  weaver.keep()
  weaver.onSaved = (weave) => live.tell(weave)
  process.stdout.write(`the journey is at http://localhost:${server.port}/\n`)
  let idle: NodeJS.Timeout | undefined
  reweave(root, weaver, (ms, weave) => {
    live.tell(weave)
    clearTimeout(idle)
    idle = setTimeout(() => {
      weaver.keep()
      learn(weaver).catch((error: Error) => process.stderr.write(`${explain(error)}\n`))
    }, 3000)
    if (weave instanceof Error) process.stderr.write(`${explain(weave)}\n`)
    else report(weave, ms)
  })
  await learn(weaver)
}

/** Node and esbuild take a * in a path for a pattern, some of them in packages that are not ours. */
function requirePlainPath(): void {
  if (root.includes('*')) throw new Refused(`${root}: nothing is woven in a folder with * in its path`)
}

const program = new Command('weave').description('Weaves the chapters into a site.').hook('preAction', requirePlainPath)
program.command('weave')
  .description('write the site into site/dist, and the Markdown edition into site/dist/markdown')
  .action(async () => {
    const { errors } = await weaveOnce(new Weaver(root), true, true)
    if (errors.length > 0) process.exitCode = 1
  })
program.command('book')
  .description('weave, and print the whole book: site/dist/book.html, and book.pdf by the browser that CHROMIUM names')
  .action(async () => {
    await weaveOnce(new Weaver(root), true)
    process.stdout.write(`printed ${await printBook(dist)} pages: ${join('site', 'dist', 'book.pdf')}\n`)
  })
program.command('site')
  .description('weave, serve on this machine, and weave again on each change')
  .option('-p, --port <number>', 'port to listen on', '8080')
  .action(serveSite)
await program.parseAsync().catch(tell)

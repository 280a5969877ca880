/** The command line of the tools. */
import { Command, InvalidArgumentError } from 'commander'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { findRoot } from './chapters.ts'
import { check, prepare, tangleAndReport, test, untangleAndReport } from './commands.ts'
import { installDoor, tell } from './door.ts'
import { Watch } from './watch.ts'

const program = new Command('journey')
  .description('The tools of the journey: from chapters to code, and back.')
  .showHelpAfterError('(--help tells how it is used)')

function command(name: string, description: string, more = ''): Command {
  return program.command(name).description(description).addHelpText('after', more)
    .option('-C, --root <dir>', 'the folder that holds journey/', toRoot, findRoot(process.cwd()))
}

function toRoot(folder: string): string {
  if (existsSync(join(folder, 'journey'))) return resolve(folder)
  throw new InvalidArgumentError(`${folder} holds no journey/`)
}

interface Options { root: string, force?: boolean, coverage?: boolean }

command('tangle', 'extract generated/ from the chapters', `
Only changed files are written, and files no longer produced go. With an error
in any chapter nothing is written: the last good output stays.`)
  .option('-f, --force', 'overwrite edits made by hand in generated/')
  .action(async ({ root, force }: Options) => {
    process.exitCode = await tangleAndReport(root, force) ? 0 : 1
  })

command('prepare', 'tangle, and bundle the Launcher: what npm ci does', `
After it the Launcher can be run by people who may not write here.`)
  .action(async ({ root }: Options) => { process.exitCode = await prepare(root) })

command('untangle', 'carry edits made in generated/ back into the chapters', `
Edits are accepted only if tangling again gives exactly them; if one could go to
two places, or its chapter has changed as well, none is carried.`)
  .action(async ({ root }: Options) => { process.exitCode = await untangleAndReport(root) })

command('check', 'tangle, then check types, pictures, the width of fences, and which room imports which', `
Errors are reported at the chapters' lines, as chapter.md:line:col: message.`)
  .action(async ({ root }: Options) => { process.exitCode = await check(root) })

command('test', 'tangle, then run tests: all, or those of what is named', `
Examples:
  npm test                              all tests
  npm test -- H:200                     of the chapter whose heading carries the tag
  npm test -- interrupts-and-traps      of a chapter, by its file's name
  npm test -- H                         of a part`)
  .argument('[names...]', 'tags, chapters or parts')
  .option('--coverage', 'report which lines of the chapters were run')
  .action(async (names: string[], { root, coverage }: Options) => {
    process.exitCode = await test(root, names, coverage)
  })

command('watch', 'tangle on each save, and run the tests of the chapter saved', `
Errors of a half-written chapter are shown, and the last good output stays.`)
  .action(async ({ root }: Options) => {
    const watch = new Watch(root, (line) => console.log(line))
    await watch.start()
    process.once('SIGINT', () => { watch.close() })
  })

installDoor()
await program.parseAsync().catch(tell)

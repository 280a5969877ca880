/** The command line of the tools. */
import { Command } from 'commander'
import { findRoot } from './chapters.ts'
import { format, type Diagnostic } from './diagnostics.ts'
import { tangle } from './tangle.ts'

const program = new Command('tangle')
  .description('The tools of the journey: chapters to code, and back.')

program.command('tangle')
  .description('extract generated/ from the chapters')
  .option('-C, --root <dir>', 'the folder that holds journey/', findRoot(process.cwd()))
  .action(async ({ root }: { root: string }) => {
    const start = performance.now()
    const { result, errors } = await tangle(root)
    if (!result) return fail(errors)
    const { total, written, removed } = result
    const gone = removed.length > 0 ? `, ${removed.length} removed` : ''
    const time = Math.round(performance.now() - start)
    console.error(`tangled ${total} files, ${written.length} written${gone} (${time} ms)`)
  })

function fail(errors: Diagnostic[]): void {
  for (const error of errors) console.error(format(error))
  console.error(errors.length === 1 ? '1 error' : `${errors.length} errors`)
  process.exitCode = 1
}

await program.parseAsync()

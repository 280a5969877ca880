/**
 * Whether files about to be written parse: a chapter written by half leaves
 * the last good output, and its error names the chapter's line.
 */
import type { BuildFailure, Location, Message } from 'esbuild'
import { at, type Diagnostics } from './diagnostics.ts'
import type { ToChapter } from './remap.ts'
import { codeOf, mappable } from './source-map.ts'
import type { Plan } from './write.ts'

/** Parses the files that `plan` would write with other code than before. */
export async function checkSyntax(plan: Plan, toChapter: ToChapter, out: Diagnostics): Promise<void> {
  const changed = plan.writes.filter(({ path, moved }) => mappable(path) && !moved)
  if (changed.length === 0) return
  const { transform } = await import('esbuild')
  await Promise.all(changed.map(({ path, text }) => (
    transform(codeOf(path, text), { loader: 'ts', logLevel: 'silent' }).catch((failure: BuildFailure) => {
      if (!failure.errors) throw failure
      for (const error of failure.errors) report(error, `generated/${path}`, toChapter, out)
    }))))
}

/** esbuild counts bytes, everything else here counts as JavaScript does. */
export const columnOf = ({ lineText, column }: Location): number =>
  Buffer.from(lineText).subarray(0, column).toString().length + 1

function report({ text, location }: Message, path: string, toChapter: ToChapter, out: Diagnostics): void {
  const place = location ? at(path, location.line, columnOf(location)) : at(path, 1, 1)
  out.error(toChapter(place) ?? place, `this does not parse: ${text}`)
}

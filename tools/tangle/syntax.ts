/**
 * Whether files about to be written parse: a chapter written by half leaves
 * the last good output, and its error names the chapter's line.
 */
import type { BuildFailure, Message } from 'esbuild'
import { at, type Diagnostics } from './diagnostics.ts'
import type { ToChapter } from './remap.ts'
import { mappable, withoutMap } from './source-map.ts'
import type { Plan } from './write.ts'

/** Parses the files that `plan` would write with other code than before. */
export async function checkSyntax(plan: Plan, toChapter: ToChapter, out: Diagnostics): Promise<void> {
  const changed = plan.writes.filter(({ path, moved }) => mappable(path) && !moved)
  if (changed.length === 0) return
  const { transform } = await import('esbuild')
  await Promise.all(changed.map(({ path, text }) => (
    transform(withoutMap(text), { loader: 'ts', logLevel: 'silent' }).catch((failure: BuildFailure) => {
      for (const error of failure.errors) report(error, `generated/${path}`, toChapter, out)
    }))))
}

function report({ text, location }: Message, path: string, toChapter: ToChapter, out: Diagnostics): void {
  const place = at(path, location?.line ?? 1, (location?.column ?? 0) + 1)
  out.error(toChapter(place) ?? place, `this does not parse: ${text}`)
}

/**
 * Whether files about to be written parse: a chapter written by half leaves
 * the last good output, and its error names the chapter's line.
 */
import type { BuildFailure, Message } from 'esbuild'
import { at, type Diagnostics } from './diagnostics.ts'
import { Remapper } from './remap.ts'
import { mappable } from './source-map.ts'
import type { Plan } from './write.ts'

/** Parses the files that `plan` would write with other code than before. */
export async function checkSyntax(root: string, plan: Plan, out: Diagnostics): Promise<void> {
  const texts = new Map(plan.writes.filter(({ path, moved }) => mappable(path) && !moved)
    .map(({ path, text }) => [`generated/${path}`, text]))
  if (texts.size === 0) return
  const { transform } = await import('esbuild')
  const remapper = new Remapper(root, (file) => texts.get(file))
  await Promise.all([...texts].map(([path, text]) => (
    transform(text, { loader: 'ts', logLevel: 'silent' }).catch((failure: BuildFailure) => {
      for (const error of failure.errors) report(error, path, remapper, out)
    }))))
}

function report({ text, location }: Message, path: string, remapper: Remapper, out: Diagnostics): void {
  const place = at(path, location?.line ?? 1, (location?.column ?? 0) + 1)
  out.error(remapper.chapterPlace(place) ?? place, `this does not parse: ${text}`)
}

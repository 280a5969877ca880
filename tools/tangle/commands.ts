/** The commands: each does its work, says how it went, and returns an exit status. */
import { checkCircles } from './circles.ts'
import { counted, Diagnostics, format, printable, type Place } from './diagnostics.ts'
import { bundled } from './make-launcher.ts'
import { remember, signOf } from './standing.ts'
import { checkImports } from './imports.ts'
import { checkOutputs } from './outputs.ts'
import { checkPacing, readPacing } from './pacing.ts'
import { report, summary } from './report.ts'
import { checkRooms, checkTangler } from './rooms.ts'
import { runTests } from './run-tests.ts'
import { testsFor } from './tags.ts'
import { tangle, type Tangled } from './tangle.ts'
import { checkTerms, readTerms } from './terms.ts'
import { untangle } from './untangle.ts'

/** Tangles and says so on stderr; undefined where the chapters have errors. */
export async function tangleAndReport(root: string, force = false): Promise<Tangled | undefined> {
  const start = performance.now()
  const tangled = await tangle(root, force)
  if (!tangled.result) {
    report(tangled.errors)
    return undefined
  }
  const { total, written, removed } = tangled.result
  const gone = removed.length > 0 ? `, ${removed.length} removed` : ''
  const time = Math.round(performance.now() - start)
  console.error(`tangled ${total} files, ${written.length} written${gone} (${time} ms)`)
  return tangled
}

/** Types, pictures, widths and rooms are checked on what tangles; else the tangle's errors stand. */
export async function check(root: string): Promise<number> {
  const tangled = await tangleAndReport(root)
  if (!tangled) return 1
  const { checkPictures, checkTypes, checkWidths } = await import('./check.ts') // it needs development packages
  const out = new Diagnostics()
  checkWidths(tangled.chapters, out)
  checkPictures(tangled.chapters, out)
  checkImports(tangled.needless, out)
  checkRooms(tangled.files, out)
  checkTangler(root, out)
  checkCircles(tangled.files, root, out)
  const text = (path: string) => tangled.texts.get(path)!
  checkTerms(tangled.chapters, readTerms(root), text, out)
  checkOutputs(tangled.chapters, root, text, out)
  checkPacing(tangled.chapters, readPacing(root), text, out)
  const types = await checkTypes(root, tangled.texts)
  for (const error of counted(out.sorted(tangled.book.order), tangled.texts)) console.error(format(error))
  for (const line of types.lines) console.error(line)
  const errors = out.all.length + types.errors
  if (errors > 0) summary(errors)
  return errors > 0 ? 1 : 0
}

/** Runs all tests, or those of the tags, chapters and parts named. */
export async function test(root: string, names: string[], coverage = false): Promise<number> {
  const tangled = await tangleAndReport(root)
  if (!tangled) return 1
  const book = tangled.chapters.map((chapter) => ({ chapter, headings: chapter.headings }))
  const files = names.flatMap((name) => testsFor(name, book, root))
  return runTests(root, [...new Set(files)], coverage ? ['--coverage'] : [])
}

/** Makes ready all that the Launcher needs to start. */
export async function prepare(root: string): Promise<number> {
  const sign = signOf(root)
  if (!await tangleAndReport(root) || !await bundled(root)) return 1
  remember(root, sign)
  return 0
}

/** Carries edits in generated/ back into the chapters, and says what went where. */
export async function untangleAndReport(root: string): Promise<number> {
  const { errors, carried, left } = await untangle(root)
  const show = ({ file, line }: Place) => printable(`${file}:${line}`)
  for (const { from, to } of carried) console.log(`${show(from)} → ${show(to)}`)
  if (errors.length + left.length > 0) {
    report([...errors, ...left])
    return 1
  }
  if (carried.length === 0) console.error('generated/ holds no edits')
  return 0
}

/** The journey, woven once for all tests of a run that look at its pages. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { format } from '../../tools/tangle/diagnostics.ts'
import { Weaver } from '../../tools/weave/site.ts'

/** A weave takes half a minute of the processor; it has ten of the clock. */
const PATIENCE = 600_000

/** What was woven: nobody writes there, and nobody removes it but the run itself. */
export interface Woven {
  readonly dist: string
  /** What the weaver complained of, a line each. */
  readonly errors: readonly string[]
}

/** Who asks first weaves, with the Markdown edition and with types; the others wait. The folder is the run's. */
export async function wovenJourney(): Promise<Woven> {
  const dist = join(tmpdir(), 'woven-journey')
  const done = join(tmpdir(), 'woven-journey.json')
  if (isFirst(dist)) {
    const weaver = new Weaver(fileURLToPath(new URL('../..', import.meta.url)), dist)
    const { errors } = await weaver.weave(true)
    await weaver.learn()
    writeFileSync(done, JSON.stringify(errors.map(format)))
  }
  for (const end = Date.now() + PATIENCE; !existsSync(done);) {
    if (Date.now() > end) throw new Error(`nobody has woven ${dist}`)
    await setTimeout(200)
  }
  return { dist, errors: JSON.parse(readFileSync(done, 'utf8')) }
}

function isFirst(dist: string): boolean {
  try {
    mkdirSync(dist)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return false
  }
}

/**
 * Guided by coverage: half of the cases are new, half are relatives of cases
 * that reached something new. Those are made small and kept.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { Random } from '../conformance/random.ts'
import { isSeedCase, parseCase, print } from './case.ts'
import type { AnyCase, Case } from './case.ts'
import type { Cases } from './cases.ts'
import { Coverage } from './coverage.ts'
import type { Stretch } from './coverage.ts'
import { minimise } from './minimise.ts'
import { mutate } from './mutate.ts'
import type { Found, Runner } from './runner.ts'

/** Cases between two looks at the counters: a look takes as long as two cases. */
const BATCH = 10

export const corpusFile = new URL('corpus/guests.cases', import.meta.url)

/** The cases that are kept in the repository. */
export function corpus(): Case[] {
  return readFileSync(corpusFile, 'utf8').split('\n')
    .filter((line) => line.startsWith('{')).map((line) => parseCase(line) as Case)
}

export class Guided {
  readonly coverage = new Coverage()
  readonly kept: Case[] = []
  readonly #runner: Runner
  readonly #cases: Cases
  readonly #random: Random
  #batch: AnyCase[] = []

  constructor(runner: Runner, cases: Cases, seed: number) {
    this.#runner = runner
    this.#cases = cases
    this.#random = new Random(seed)
  }

  /** Runs what is kept in the repository. Returns what was found, usually nothing. */
  async begin(): Promise<Found[]> {
    const findings: Found[] = []
    for (const one of corpus()) {
      const found = await this.#runner.run(one)
      if (found !== null) findings.push(found)
      this.kept.push(one)
    }
    this.coverage.take()
    return findings
  }

  /** The next case: a new one, or a relative of one that is kept. */
  next(): AnyCase | null {
    const { kept } = this
    if (kept.length === 0 || this.#random.chance(0.5)) return this.#cases.next()
    return mutate(this.#random, this.#random.pick(kept), this.#random.pick(kept))
  }

  /** A case has been run. Now and then it is asked what they reached; the cases that are kept for it. */
  async after(one: AnyCase): Promise<void> {
    this.#batch.push(one)
    if (this.#batch.length < BATCH) return
    const batch = this.#batch
    this.#batch = []
    let reached = this.coverage.take()
    for (const each of batch) {
      if (reached.length === 0) return
      if (isSeedCase(each)) continue
      const here = await this.#reaches(each, reached)
      if (here.length === 0) continue
      this.kept.push(await minimise(each, async (candidate) => (await this.#reaches(candidate, here)).length === here.length))
      reached = reached.filter((stretch) => !here.includes(stretch))
    }
  }

  /** Nothing has run since the last look, so what is seen now is this case's. */
  async #reaches(one: Case, stretches: readonly Stretch[]): Promise<Stretch[]> {
    await this.#runner.run(one)
    return this.coverage.among(stretches)
  }

  /** Writes what is worth keeping: cases that reach something that none before them does, the shortest first. */
  async save(): Promise<number> {
    this.coverage.forget()
    const least: Case[] = []
    for (const one of [...this.kept].sort((a, b) => print(a).length - print(b).length)) {
      await this.#runner.run(one)
      if (this.coverage.take().length > 0) least.push(one)
    }
    writeFileSync(corpusFile, [HEADLINE, ...least.map(print), ''].join('\n'))
    return least.length
  }
}

const HEADLINE = '# Cases that reach what no shorter one does: npm run fuzz -- --guided --save'

/** The order of test files: what takes minutes comes first, so that nobody waits for it alone at the end. */
import { BaseSequencer } from 'vitest/node'
import type { TestSpecification } from 'vitest/node'

/** The longest first. Those that look at the woven book stand apart: they wait for one weave. */
const LONG = [
  'e2e/site', 'fuzz/fuzz', 'e2e/launcher-puppy', 'e2e/demos', 'e2e/storms', 'e2e/launcher-errors', 'tools/weave',
]

export class LongestFirst extends BaseSequencer {
  /** Vitest's own order, by what it remembers or by size, behind those named above. */
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const at = LONG.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`))
      return at < 0 ? LONG.length : at
    }
    return (await super.sort(files)).sort((a, b) => place(a) - place(b))
  }
}

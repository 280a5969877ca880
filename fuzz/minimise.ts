/** Makes a case that finds something as small as it can be. */
import type { Case, Step } from './case.ts'

/** Does this still find what the first one found? */
type Fails<What> = (candidate: What) => boolean | Promise<boolean>

/**
 * @param fails does this case still find what the first one found?
 * @returns a case none of whose steps can be left out
 */
export async function minimise(one: Case, fails: Fails<Case>): Promise<Case> {
  let least = one
  if (least.partner !== undefined) {
    least = { ...least, partner: await cut(least.partner, (partner) => fails({ ...least, partner })) }
  }
  least = { ...least, steps: await cut(least.steps, (steps) => fails({ ...least, steps })) }
  for (const gates of ['none', 'trap'] as const) {
    if (await fails({ ...least, gates })) return { ...least, gates }
  }
  return least
}

/** Leaves out halves, quarters, ... and single steps while it still fails. */
async function cut(steps: readonly Step[], fails: Fails<readonly Step[]>): Promise<readonly Step[]> {
  let left = steps
  for (let size = Math.max(left.length >> 1, 1); ; size = Math.ceil(size / 2)) {
    for (let from = 0; from < left.length;) {
      const without = [...left.slice(0, from), ...left.slice(from + size)]
      if (await fails(without)) left = without
      else from += size
    }
    if (size === 1) return left
  }
}

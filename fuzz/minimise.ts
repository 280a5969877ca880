/** Makes a case that finds something as small as it can be. */
import type { Case, Step } from './case.ts'

/**
 * @param fails does this case still find what the first one found?
 * @returns a case none of whose steps can be left out
 */
export function minimise(one: Case, fails: (candidate: Case) => boolean): Case {
  let least = one
  if (least.partner !== undefined) {
    least = { ...least, partner: cut(least.partner, (partner) => fails({ ...least, partner })) }
  }
  least = { ...least, steps: cut(least.steps, (steps) => fails({ ...least, steps })) }
  for (const gates of ['none', 'trap'] as const) {
    if (fails({ ...least, gates })) return { ...least, gates }
  }
  return least
}

/** Leaves out halves, quarters, ... and single steps while it still fails. */
function cut(steps: readonly Step[], fails: (steps: readonly Step[]) => boolean): readonly Step[] {
  let left = steps
  for (let size = Math.max(left.length >> 1, 1); ; size = Math.ceil(size / 2)) {
    for (let from = 0; from < left.length;) {
      const without = [...left.slice(0, from), ...left.slice(from + size)]
      if (fails(without)) left = without
      else from += size
    }
    if (size === 1) return left
  }
}

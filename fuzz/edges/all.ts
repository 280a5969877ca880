/** Classes that are not Guests: the tools, and the edges of the Launcher. */
import { Random } from '../../conformance/random.ts'
import type { SeedCase } from '../case.ts'

export interface EdgeClass {
  readonly name: string
  readonly what: string
  /** Does it all; throws what it finds. */
  run(random: Random): void | Promise<void>
}

export const edgeClasses: readonly EdgeClass[] = []

export async function runEdge(one: SeedCase): Promise<void> {
  const kind = edgeClasses.find(({ name }) => name === one.class)
  if (kind === undefined) throw new Error(`no class ${one.class}`)
  await kind.run(new Random(one.seed))
}

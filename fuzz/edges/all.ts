/** Classes that are not Guests: the tools, and the edges of the Launcher. */
import { Random } from '../../conformance/random.ts'
import type { SeedCase } from '../case.ts'
import type { EdgeClass } from './class.ts'
import { files } from './files.ts'
import { netFiles } from './net-file.ts'
import { rings } from './rings.ts'
import { streams } from './streams.ts'

export const edgeClasses: readonly EdgeClass[] = [...rings, ...files, ...streams, netFiles]

export async function runEdge(one: SeedCase): Promise<void> {
  const kind = edgeClasses.find(({ name }) => name === one.class)
  if (kind === undefined) throw new Error(`no class ${one.class}`)
  await kind.run(new Random(one.seed))
}

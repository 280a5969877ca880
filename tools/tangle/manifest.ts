/** What the tangler has written, as it remembers it. */
import { join } from 'node:path'
import { readIfThere } from './files.ts'

/** What the tangler knows of a file that it produced. */
export interface Made {
  /** A hash of all that it was made from. */
  key: string
  /** Hashes of what was written, with its map and without. */
  hash: string
  plain: string
  /** The hash of what stood there before: it still does if writing was cut short. */
  was?: string
}

/** All that was produced last, by path. */
export type Manifest = Record<string, Made>

/** Where it is kept. */
export const manifestPath = (generated: string) => join(generated, '.cache', 'manifest.json')

/** What the tangler last wrote; nothing, if that cannot be read. */
export function readManifest(generated: string): Manifest {
  try {
    return { ...JSON.parse(readIfThere(manifestPath(generated)) ?? '{}') }
  } catch {
    return {}
  }
}

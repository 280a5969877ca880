/** The last run of each generator, kept under .cache. */
import { join } from 'node:path'
import type { Run } from './generator.ts'
import { readIfThere, writeWhole } from './files.ts'

export class RunCache {
  private readonly root: string

  constructor(root: string) {
    this.root = root
  }

  private path(generator: string): string {
    return join(this.root, '.cache/generators', `${generator.replace(/\//g, '+')}.json`)
  }

  /** The last run, if all it was made from still has the same text. */
  find(generator: string, textHash: (path: string) => string | undefined): Run | undefined {
    const run = this.load(generator)
    const same = run && Object.entries(run.inputs).every(([path, text]) => textHash(path) === text)
    return same ? run : undefined
  }

  private load(generator: string): Run | undefined {
    try {
      return JSON.parse(readIfThere(this.path(generator)) ?? '')
    } catch {
      return undefined
    }
  }

  keep(generator: string, run: Run): void {
    writeWhole(this.path(generator), JSON.stringify(run))
  }
}

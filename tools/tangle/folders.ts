/**
 * Folders watched for changes, whatever becomes of them: one that is moved
 * away, replaced or missing for a while is watched again as soon as it is there.
 */
import { readdirSync, statSync, watch, type FSWatcher } from 'node:fs'
import { basename, join } from 'node:path'

/** Milliseconds in which further events belong to the same save. */
const together = 15

interface Watched {
  /** Which folder it is, whatever its name. */
  identity: string
  watcher: FSWatcher
}

export class Folders {
  private readonly watched = new Map<string, Watched>()
  private matters = false
  private timer: NodeJS.Timeout | undefined
  private readonly root: string
  private readonly tops: string[]
  private readonly changed: () => void

  /** Calls `changed` when something has changed in folders under `root`, or in those right below them. */
  constructor(root: string, tops: string[], changed: () => void) {
    this.root = root
    this.tops = tops
    this.changed = changed
  }

  /** Begins, or begins again where a folder is another than it was. True if any has come or gone. */
  watch(): boolean {
    const now = this.present()
    const gone = [...this.watched].filter(([path, { identity }]) => now.get(path) !== identity)
    for (const [path] of gone) this.drop(path)
    const come = [...now].filter(([path]) => !this.watched.has(path))
    for (const [path, identity] of come) this.add(path, identity)
    return gone.length + come.length > 0
  }

  close(): void {
    clearTimeout(this.timer)
    for (const { watcher } of this.watched.values()) watcher.close()
  }

  private add(path: string, identity: string): void {
    try {
      const watcher = watch(path, (_, name) => {
        if (name === basename(path)) this.drop(path) // it was moved or deleted itself
        this.later(path !== this.root)
      })
      watcher.on('error', () => this.later(true))
      this.watched.set(path, { identity, watcher })
    } catch { /* gone again: the folder above will tell */ }
  }

  private drop(path: string): void {
    this.watched.get(path)?.watcher.close()
    this.watched.delete(path)
  }

  /** What happens in the root itself matters only if one of the folders came or went. */
  private later(matters: boolean): void {
    this.matters ||= matters
    clearTimeout(this.timer)
    this.timer = setTimeout(() => {
      const others = this.watch()
      if (this.matters || others) this.changed()
      this.matters = false
    }, together)
  }

  /** The folders there are, with what makes each the one it is; the root is watched for its new ones. */
  private present(): Map<string, string> {
    const tops = this.tops.map((top) => join(this.root, top))
    const below = tops.flatMap((top) => namesIn(top).map((name) => join(top, name)))
    const all = [this.root, ...tops, ...below].map((path) => [path, identityOf(path)] as const)
    return new Map(all.filter((entry): entry is [string, string] => entry[1] !== undefined))
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function identityOf(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false })
  return found?.isDirectory() ? `${found.dev}:${found.ino}` : undefined
}

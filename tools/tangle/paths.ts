/**
 * The paths of all files that a book makes: no two may fall together, on no
 * file system, and none may stand where another needs a folder.
 */

/** Names that some file systems take for the same. */
const folded = (path: string): string => path.normalize('NFC').toLowerCase()

export class Paths {
  /** As they were given, by what file systems may make of them. */
  private readonly files = new Map<string, string>()
  /** The same of folders, each with a file that needs it. */
  private readonly folders = new Map<string, { folder: string, file: string }>()

  /** Takes a path, or says what is wrong with it: `differs from 'A.ts' only in case`. */
  add(path: string): string | undefined {
    const clash = this.clash(path)
    if (clash !== undefined) return clash
    this.files.set(folded(path), path)
    for (const folder of foldersAbove(path)) this.folders.set(folded(folder), { folder, file: path })
    return undefined
  }

  private clash(path: string): string | undefined {
    const same = this.files.get(folded(path))
    if (same !== undefined) return `differs from '${same}' only in case`
    const inside = this.folders.get(folded(path))
    if (inside !== undefined) return `stands where '${inside.file}' needs a folder`
    for (const folder of foldersAbove(path)) {
      const known = this.folders.get(folded(folder))?.folder ?? folder
      if (known !== folder) return `is in a folder that differs from '${known}' only in case`
    }
    const below = foldersAbove(path).find((folder) => this.files.has(folded(folder)))
    return below === undefined ? undefined : `needs a folder where '${this.files.get(folded(below))}' stands`
  }
}

/** host, host/x for host/x/a.ts */
function foldersAbove(path: string): string[] {
  const steps = path.split('/').slice(0, -1)
  return steps.map((_, i) => steps.slice(0, i + 1).join('/'))
}

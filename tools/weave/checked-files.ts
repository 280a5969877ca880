/**
 * The tangled files as TypeScript's checker is to see them: as they were just tangled,
 * whatever stands in `generated/`. They get a folder of their own, for the checker looks
 * for so many that asking us for each would take longer than all its work.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { textOf, type TangledFile } from '../tangle/expand.ts'

/** The checker's way to write places, and to compare them on disks that do not tell A from a. */
const slashed = (path: string) => path.replaceAll('\\', '/')
const folded = (place: string) => place.toLowerCase()

export class CheckedFiles {
  /** The settings of a project of these files alone. */
  readonly project: string
  private readonly folder: string
  private readonly texts: Map<string, string>
  private readonly lineEnds = new Map<string, number[]>()
  private readonly paths: Map<string, string>

  constructor(root: string, files: TangledFile[]) {
    const cache = join(root, '.cache')
    mkdirSync(cache, { recursive: true })
    this.folder = slashed(mkdtempSync(join(cache, 'checked-'))) // another weave may be at it, too
    this.project = `${this.folder}/tsconfig.json`
    this.texts = new Map(files.filter(({ path }) => path.endsWith('.ts')).map((file) => [file.path, textOf(file)]))
    this.paths = new Map([...this.texts.keys()].map((path) => [folded(this.placeOf(path)), path]))
    for (const [path, text] of this.texts) this.write(this.placeOf(path), text)
    const base = existsSync(join(root, 'tsconfig.json')) ? { extends: '../../tsconfig.json' } : {}
    this.write(this.project, JSON.stringify({ ...base, include: ['.'], exclude: [] }))
  }

  /** The text of a file of the system, which must be one. */
  text(path: string): string {
    return this.texts.get(path)!
  }

  /** The line, from 1, of a place in the text of a file. */
  lineAt(path: string, offset: number): number {
    if (!this.lineEnds.has(path)) this.lineEnds.set(path, [...this.text(path).matchAll(/\n/g)].map(({ index }) => index))
    const ends = this.lineEnds.get(path)!
    let [low, high] = [0, ends.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (ends[middle] < offset) low = middle + 1
      else high = middle
    }
    return low + 1
  }

  /** Where on disk a file of the system stands. */
  placeOf(path: string): string {
    return `${this.folder}/${path}`
  }

  /** The file of the system that stands at a place on disk, if one does. */
  fileAt(place: string): string | undefined {
    return this.paths.get(folded(place))
  }

  /** Takes the folder away again. */
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  private write(place: string, text: string): void {
    mkdirSync(dirname(place), { recursive: true })
    writeFileSync(place, text)
  }
}

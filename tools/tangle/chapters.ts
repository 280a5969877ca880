/**
 * The chapters in reading order: what comes before them, parts L, H, P, S,
 * then D, G, E, M; inside a part by number.
 *
 * The one exception is H:490, the farewell to page tables, which is read last
 * of its part.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

export interface ChapterFile {
  /** Relative to the root, with forward slashes: journey/H-host/200-traps.md */
  path: string
  /** One of the letters of `parts`. */
  part: string
  /** The leading number of the file's name. */
  number: number
  /** The file's name without .md. */
  name: string
}

/** The letters of the parts, in reading order. */
export const parts = 'BLHPSDGEM'

/** All chapters under journey/ of `root`, in reading order. */
export function findChapters(root: string): ChapterFile[] {
  return folders(root).flatMap((folder) => chaptersIn(root, folder)).sort(inReadingOrder)
}

/** Markdown in the parts that is taken for no chapter, for want of a number; READMEs apart. */
export function strays(root: string): string[] {
  return folders(root).flatMap((folder) => readdirSync(join(root, 'journey', folder))
    .filter((file) => /^[A-Za-z_-].*\.md$/.test(file) && !/^readme\.md$/i.test(file))
    .map((file) => `journey/${folder}/${file}`))
}

/** The folders of the parts. */
function folders(root: string): string[] {
  const journey = join(root, 'journey')
  if (!existsSync(journey)) return []
  return readdirSync(journey, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && parts.includes(entry.name[0]))
    .map((entry) => entry.name)
}

function chaptersIn(root: string, folder: string): ChapterFile[] {
  const files = readdirSync(join(root, 'journey', folder))
  return files.filter((file) => /^\d.*\.md$/.test(file)).map((file) => ({
    path: `journey/${folder}/${file}`,
    part: folder[0],
    number: parseInt(file, 10),
    name: file.slice(0, -'.md'.length),
  }))
}

function inReadingOrder(a: ChapterFile, b: ChapterFile): number {
  return parts.indexOf(a.part) - parts.indexOf(b.part)
    || placeInPart(a) - placeInPart(b)
    || (a.path < b.path ? -1 : 1)
}

function placeInPart(chapter: ChapterFile): number {
  const farewell = chapter.part === 'H' && chapter.number === 490
  return farewell ? Infinity : chapter.number
}

/** The nearest folder at or above `from` that holds a journey. */
export function findRoot(from: string): string {
  for (let dir = resolve(from); ; dir = dirname(dir)) {
    if (existsSync(join(dir, 'journey'))) return dir
    if (dirname(dir) === dir) return resolve(from)
  }
}

/** The text of a chapter, as it is on disk. */
export function readChapter(root: string, chapter: ChapterFile): string {
  return readFileSync(join(root, chapter.path), 'utf8')
}

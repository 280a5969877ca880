/**
 * The chapters in reading order: what comes before them, parts L, H, P, S,
 * then D, G, E, M; inside a part by number.
 *
 * The one exception is H:490, the farewell to page tables, which is read last
 * of its part.
 */
import { existsSync, lstatSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, resolve, sep } from 'node:path'
import { readText } from './files.ts'

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

/** Markdown that is no chapter, for where it stands or what it is called. */
export interface Stray {
  path: string
  message: string
  hint: string
}

/** All Markdown under journey/ that nobody would read; READMEs and hidden files apart. */
export function strays(root: string): Stray[] {
  const known = new Set(findChapters(root).map(({ path }) => path))
  const journey = join(root, 'journey')
  if (!existsSync(journey)) return []
  const all = (readdirSync(journey, { recursive: true }) as string[])
    .concat(linked(root).flatMap((folder) => readdirSync(join(journey, folder)).map((name) => join(folder, name))))
  return all.map((path) => path.split(sep)).filter(isMarkdown)
    .map((steps) => strayAt(steps)).filter(({ path }) => !known.has(path))
}

const isMarkdown = (steps: string[]) => /\.(?:md|markdown|mdown)$/i.test(steps.at(-1)!)
  && !/^readme\./i.test(steps.at(-1)!) && !steps.some((step) => step.startsWith('.'))

function strayAt(steps: string[]): Stray {
  const path = ['journey', ...steps].join('/')
  if (steps.length === 1) {
    return { path, message: 'a chapter beside the parts', hint: 'move it into its part, such as journey/H-host' }
  }
  if (!parts.includes(steps[0][0])) {
    return { path, message: `no part begins with ${steps[0][0]}`, hint: `parts begin with ${[...parts].join(', ')}` }
  }
  if (steps.length > 2) return { path, message: 'a chapter below its part', hint: `move it into journey/${steps[0]}` }
  if (!path.endsWith('.md')) return { path, message: 'the name of this chapter does not end in .md', hint: 'rename it' }
  return {
    path, message: 'no number leads the name of this chapter',
    hint: 'name it like 200-interrupts-and-traps.md: chapters are read by number',
  }
}

/** The folders of the parts, links to folders among them. */
function folders(root: string): string[] {
  const journey = join(root, 'journey')
  if (!existsSync(journey)) return []
  return readdirSync(journey).filter((name) => parts.includes(name[0])
    && statSync(join(journey, name), { throwIfNoEntry: false })?.isDirectory())
}

const linked = (root: string): string[] =>
  folders(root).filter((folder) => lstatSync(join(root, 'journey', folder)).isSymbolicLink())

function chaptersIn(root: string, folder: string): ChapterFile[] {
  const files = readdirSync(join(root, 'journey', folder))
  return files.filter((file) => /^\d.*\.md$/s.test(file)).map((file) => ({
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

/** The text of a chapter, as it is on disk. @throws Failure where it is none */
export const readChapter = (root: string, { path }: ChapterFile): string => readText(join(root, path), path)

/**
 * Circles: modules that import each other's values, however far around. Such
 * modules cannot be read one after the other, nor loaded so. Types alone may
 * look both ways.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import { placeOf } from './book.ts'
import { at, type Diagnostics, type Place } from './diagnostics.ts'
import { textOf, type TangledFile } from './expand.ts'

/** One import of a value: which module it is made in, at which offset of its text, and of which module. */
interface Arrow { from: string, to: string, offset: number }

export interface Circle {
  /** The modules around, each importing the next, the last the first. */
  path: string[]
  /** Where the first of them imports the second: an offset into its text. */
  offset: number
}

const statement = /^[ \t]*(?:import|export)\b(?!\s+type\b)(?:[^'"`;()]*?\bfrom\b)?\s*'(\.[^']+)'/gm

/** One circle through each knot of the modules given, path to text. */
export function circles(modules: Map<string, string>): Circle[] {
  const arrows = [...modules].flatMap(([from, text]) => arrowsOf(from, text, modules))
  const out = new Map<string, Arrow[]>()
  for (const arrow of arrows) out.set(arrow.from, [...out.get(arrow.from) ?? [], arrow])
  const seen = new Set<string>()
  const found: Circle[] = []
  for (const arrow of arrows) {
    if (seen.has(arrow.from)) continue
    const back = shortest(arrow.to, arrow.from, out)
    if (!back) continue
    for (const module of back) seen.add(module)
    found.push({ path: [arrow.from, ...back.slice(0, -1)], offset: arrow.offset })
  }
  return found
}

function arrowsOf(from: string, text: string, modules: Map<string, string>): Arrow[] {
  return [...text.matchAll(statement)]
    .map((match) => ({ from, to: join(dirname(from), match[1]), offset: match.index }))
    .filter(({ to }) => modules.has(to))
}

/** The shortest way along the arrows, both ends included; undefined where there is none. */
function shortest(from: string, to: string, out: Map<string, Arrow[]>): string[] | undefined {
  const before = new Map<string, string>([[from, '']])
  for (const here of before.keys()) {
    if (here === to) return wayTo(here, before)
    for (const arrow of out.get(here) ?? []) if (!before.has(arrow.to)) before.set(arrow.to, here)
  }
  return undefined
}

function wayTo(end: string, before: Map<string, string>): string[] {
  const way: string[] = []
  for (let at = end; at; at = before.get(at)!) way.unshift(at)
  return way
}

/** Reports each circle among the tangled files, at the chapter's line, and among the tools. */
export function checkCircles(files: TangledFile[], root: string, out: Diagnostics): void {
  const tangled = new Map(files.map((file) => [file.path, file]))
  const texts = new Map(files.map((file) => [file.path, textOf(file)]))
  for (const circle of circles(texts)) {
    const line = tangled.get(circle.path[0])!.lines[lineAt(texts.get(circle.path[0])!, circle.offset) - 1]
    report(circle, placeOf(line.block, line.index), out)
  }
  const tools = modulesOf(root, 'tools')
  for (const circle of circles(tools)) {
    report(circle, at(circle.path[0], lineAt(tools.get(circle.path[0])!, circle.offset), 1), out)
  }
}

function report({ path }: Circle, place: Place, out: Diagnostics): void {
  out.error(place, `a circle of imports: ${[...path, path[0]].join(' → ')}`,
    'let what both need stand below both; types alone may look both ways')
}

const lineAt = (text: string, offset: number): number => text.slice(0, offset).split('\n').length

/** The TypeScript under a folder of `root`, path to text; none where there is no such folder. */
export function modulesOf(root: string, folder: string): Map<string, string> {
  const start = join(root, folder)
  if (!existsSync(start)) return new Map()
  const names = readdirSync(start, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
  return new Map(names.map((name) => [join(folder, name), readFileSync(join(start, name), 'utf8')]))
}

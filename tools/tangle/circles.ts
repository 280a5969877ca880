/**
 * Circles: modules that import each other's values, however far around. Such
 * modules cannot be read one after the other, nor loaded so. Types alone may
 * look both ways.
 */
import { dirname, join } from 'node:path/posix'

/** One import of a value: which module it is made in, at which offset of its text, and of which module. */
interface Arrow { from: string, to: string, offset: number }

export interface Circle {
  /** The modules around, each importing the next, the last the first. */
  path: string[]
  /** Where the first of them imports the second: an offset into its text. */
  offset: number
}

const statement = /^[ \t]*(?:import|export)\b(?!\s+type\b)(?:[^'"`;()]*?\bfrom\b)?\s*'(\.[^']+)'/gm

/** The shortest circle through each knot of the modules given, path to text. */
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

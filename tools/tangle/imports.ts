/**
 * Imports that nobody writes: what a module of the book needs of the others,
 * tangling puts at its top. An import that a chapter writes itself is left
 * alone, and so are the names in it: those of packages, of the platform, of
 * computed files, those under another name, those for their effect.
 *
 * One rule says where a name comes from: from the module that exports it, of
 * several from the nearest. Two at the same distance are an error.
 */
import { dirname, join, relative } from 'node:path/posix'
import { placeOf } from './book.ts'
import type { Diagnostics } from './diagnostics.ts'
import { textOf, type Line, type TangledFile } from './expand.ts'
import { modulesSaid, type Module } from './modules.ts'

/** A file, what it says of itself, and whom it has to ask for what. */
interface Asking { file: TangledFile, module: Module }

/** Who exports a name, and what it can stand for: a type, something that is there when the module runs, or both. */
interface Exporter { path: string, type: boolean, value: boolean }

type Exporters = Map<string, Exporter[]>

/** Adds to each module the imports it needs. @returns the lines of those that are written though they need not be */
export async function addImports(root: string, files: TangledFile[], out: Diagnostics): Promise<Line[]> {
  const typescript = files.filter(({ path }) => path.endsWith('.ts'))
  const modules = await modulesSaid(root, typescript.map(textOf))
  const asking = typescript.map((file, i) => ({ file, module: modules[i] }))
  const exporters = exportersOf(asking)
  const needless = asking.flatMap((one) => needlessIn(one, exporters))
  for (const one of asking) insert(one.file, importsOf(one, exporters, out))
  return needless
}

/** Written imports of nothing but names that would come from there anyway. */
function needlessIn({ file, module }: Asking, exporters: Exporters): Line[] {
  return module.imports.flatMap(({ names, from, line, type }) => {
    const path = join(dirname(file.path), from)
    const needless = names.every((name) => {
      const able = (exporters.get(name) ?? []).filter((exporter) => !type || exporter.type)
      const found = nearest(file.path, able)
      return found.length === 1 && found[0].path === path
    })
    return needless ? [file.lines[line]] : []
  })
}

/** Reports each import that need not be written. */
export function checkImports(needless: Line[], out: Diagnostics): void {
  for (const { block, index } of needless) {
    out.error(placeOf(block, index), 'this import is written by tangling', 'leave it out')
  }
}

function exportersOf(all: Asking[]): Exporters {
  const exporters: Exporters = new Map()
  for (const { file: { path }, module: { types, values } } of all) {
    for (const name of new Set([...types, ...values])) {
      exporters.set(name, [...exporters.get(name) ?? [], { path, type: types.includes(name), value: values.includes(name) }])
    }
  }
  return exporters
}

/** The lines to import by, in the order of their modules. */
function importsOf({ file, module }: Asking, exporters: Exporters, out: Diagnostics): Line[] {
  const from = new Map<string, { names: string[], line: number }>()
  const [runs, asked] = [new Set(module.runs), new Set(module.asked)]
  for (const [name, line] of Object.entries(module.mentions)) {
    const able = (exporters.get(name) ?? []).filter(({ type, value }) => (runs.has(name) ? value : type || asked.has(name)))
    const found = nearest(file.path, able)
    if (found.length === 0) continue
    if (found.length > 1) refuseTie(name, found, file.lines[line], out)
    const { path } = found[0]
    const { names, line: first } = from.get(path) ?? { names: [], line }
    from.set(path, { names: [...names, runs.has(name) ? name : `type ${name}`], line: Math.min(first, line) })
  }
  return [...from].sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, { names, line }]) => ({ ...file.lines[line], indent: '', text: statement(names, file.path, path) }))
}

/** Those of the exporters that are the fewest steps from folder to folder away, without the file itself. */
export function nearest<E extends { path: string }>(from: string, exporters: E[]): E[] {
  const others = exporters.filter(({ path }) => path !== from)
  const steps = others.map(({ path }) => relative(dirname(from), path).split('/').length)
  return others.filter((_, i) => steps[i] === Math.min(...steps))
}

/** The path by which `from` imports `to`. */
function wayTo(from: string, to: string): string {
  const way = relative(dirname(from), to)
  return way.startsWith('.') ? way : `./${way}`
}

function refuseTie(name: string, [one, other]: Exporter[], { block, index }: Line, out: Diagnostics): void {
  out.error(placeOf(block, index), `'${name}' may be that of ${one.path} or that of ${other.path}`,
    'write the import of the one you mean, or give one of them another name')
}

function statement(names: string[], from: string, to: string): string {
  const sorted = names.sort((a, b) => (bare(a) < bare(b) ? -1 : 1))
  const types = sorted.every((name) => name !== bare(name))
  const list = (types ? sorted.map(bare) : sorted).join(', ')
  return `import ${types ? 'type ' : ''}{ ${list} } from '${wayTo(from, to)}'`
}

const bare = (name: string): string => name.replace(/^type /, '')

/** Puts the imports under the comment that opens the file, apart from what follows. */
function insert({ lines }: TangledFile, imports: Line[]): void {
  if (imports.length === 0) return
  const start = openingOf(lines)
  const below = lines[start]
  const apart = below && !/^(?:import\b|$)/.test(textAt(below))
  lines.splice(start, 0, ...imports, ...(apart ? [{ ...imports[0], text: '' }] : []))
}

const textAt = ({ block, index }: Line): string => block.fence.body[index]

/** How many lines the file's opening comment has. */
function openingOf(lines: Line[]): number {
  const isBlock = lines.length > 0 && textAt(lines[0]).startsWith('/*')
  const end = lines.findIndex((line) => (isBlock ? textAt(line).includes('*/') : !textAt(line).startsWith('//')))
  return isBlock ? end + 1 : Math.max(0, end)
}

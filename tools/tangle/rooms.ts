/**
 * The rooms of the house: generated/ has one folder for each part of the
 * machine, and imports run one way only; so it is within the emulator. A
 * module that would need another is in the wrong room. The tangler knows
 * nothing of the house that it builds, nor of the pages.
 */
import { dirname, join } from 'node:path/posix'
import { placeOf } from './book.ts'
import { modulesOf } from './circles.ts'
import { at, type Diagnostics } from './diagnostics.ts'
import { lineText, type Line, type TangledFile } from './expand.ts'

const [state, memory, protection, fpu, sse, isa, decode] =
  ['state', 'memory', 'protection', 'fpu', 'sse', 'isa', 'decode'].map((room) => `emulator/${room}`)

/** What each room may import from, beside itself. Rooms that are not listed may import from all that theirs may. */
const doors: Record<string, string[]> = {
  abi: [],
  assembler: [],
  emulator: [],
  switcher: ['abi', 'assembler'],
  puppy: ['abi', 'assembler'],
  host: ['abi', 'assembler', 'emulator', 'switcher'],
  launcher: ['abi', 'assembler', 'emulator', 'host', 'puppy'],
  [state]: [],
  [memory]: [state],
  [protection]: [state, memory],
  'emulator/integers': [state, memory, protection],
  [fpu]: [state, memory, protection],
  [sse]: [state, memory, protection, fpu],
  [isa]: [state, memory, protection, fpu, sse],
  [decode]: [state, memory, protection, isa],
  'emulator/print': [state, memory, isa, decode],
}

/** Only these folders may know which platform they run on. */
const platforms = ['launcher/node/', 'launcher/browser/']

const imported = /\b(?:from|import)\s*\(?\s*'([^'$]+)'/

/** Reports each import that goes against the arrows between the rooms. */
export function checkRooms(files: TangledFile[], out: Diagnostics): void {
  for (const file of files) {
    for (const line of file.lines) {
      const found = imported.exec(lineText(line))
      if (found) checkImport(file.path, found[1], line, line.text === undefined ? found.index : 0, out)
    }
  }
}

function checkImport(path: string, target: string, line: Line, column: number, out: Diagnostics): void {
  const place = placeOf(line.block, line.index, column)
  if (target.startsWith('node:') && !platforms.some((folder) => path.startsWith(folder))) {
    out.error(place, `${path} imports ${target}`, `only ${platforms.join(' and ')} know the platform`)
  }
  const [from, to] = [path, join(dirname(path), target)].map((module) => module.split('/'))
  const depth = from[0] === to[0] ? 2 : 1
  const [room, other] = [from, to].map((folders) => folders.slice(0, depth).join('/'))
  if (!target.startsWith('.') || !(room in doors) || other === room) return
  if (doors[room].includes(other)) return
  const rooms = doors[room].join(', ') || 'nothing outside'
  out.error(place, `${room} must not import from ${other}`, `${room} knows ${rooms}`)
}

const statement = /^[ \t]*(?:import|export)\b[^'"`;()]*?\bfrom\s*'(\.[^']+)'/gm

/** Reports what the tangler imports from outside of the tools. */
export function checkTangler(root: string, out: Diagnostics): void {
  for (const [path, text] of modulesOf(root, 'tools/tangle')) {
    for (const { 1: target, index } of text.matchAll(statement)) {
      const module = join(dirname(path), target)
      if (module.startsWith('tools/')) continue
      out.error(at(path, text.slice(0, index).split('\n').length, 1), `the tangler imports ${module}`,
        'let it stand in tools/tangle, and others import it from there')
    }
  }
}

/**
 * The rooms of the house: generated/ has one folder for each part of the
 * machine, and imports run one way only. A module that would need another is
 * in the wrong room.
 */
import { dirname, join } from 'node:path/posix'
import { placeOf } from './book.ts'
import type { Diagnostics } from './diagnostics.ts'
import type { Line, TangledFile } from './expand.ts'

/** What each room may import from, beside itself. */
const doors: Record<string, string[]> = {
  abi: [],
  assembler: [],
  emulator: [],
  switcher: ['abi', 'assembler'],
  puppy: ['abi', 'assembler'],
  host: ['abi', 'assembler', 'emulator', 'switcher'],
  launcher: ['abi', 'assembler', 'emulator', 'host', 'puppy'],
}

/** Only these folders may know which platform they run on. */
const platforms = ['launcher/node/', 'launcher/browser/']

const imported = /\b(?:from|import)\s*\(?\s*'([^']+)'/

/** Reports each import that goes against the arrows between the rooms. */
export function checkRooms(files: TangledFile[], out: Diagnostics): void {
  for (const file of files) {
    for (const line of file.lines) {
      const found = imported.exec(line.block.fence.body[line.index])
      if (found) checkImport(file.path, found[1], line, found.index, out)
    }
  }
}

function checkImport(path: string, target: string, line: Line, column: number, out: Diagnostics): void {
  const place = placeOf(line.block, line.index, column)
  if (target.startsWith('node:') && !platforms.some((folder) => path.startsWith(folder))) {
    out.error(place, `${path} imports ${target}`, `only ${platforms.join(' and ')} know the platform`)
  }
  const [room] = path.split('/')
  const [other] = join(dirname(path), target).split('/')
  if (!target.startsWith('.') || !(room in doors) || other === room) return
  if (doors[room].includes(other)) return
  const rooms = doors[room].join(', ') || 'nothing outside'
  out.error(place, `${room} must not import from ${other}`, `${room} knows ${rooms}`)
}

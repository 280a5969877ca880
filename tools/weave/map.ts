/**
 * The map of the journey: Launcher and Guest above, Host and Switcher below,
 * all of it on a processor. Large on the home page, each part a station;
 * small over each chapter, its part lit.
 */
import { escape } from './highlight.ts'

interface Box { letter: string, x: number, y: number, wide: number, tall: number }

/** The small map's boxes, in a field of 64 by 52. */
const boxes: Box[] = [
  { letter: 'L', x: 1, y: 1, wide: 28, tall: 14 },
  { letter: 'G', x: 35, y: 1, wide: 28, tall: 14 },
  { letter: 'H', x: 1, y: 20, wide: 28, tall: 14 },
  { letter: 'S', x: 35, y: 20, wide: 28, tall: 14 },
  { letter: 'E', x: 1, y: 39, wide: 62, tall: 12 },
]
/** Parts without a box of their own, and the boxes they are about. */
const about: Record<string, string> = { P: 'S', D: 'L', M: 'LGHSE', B: 'E' }

/** The small map with the boxes of a part lit; it says nothing that the words beside it do not. */
export function emblem(part: string): string {
  const lit = about[part] ?? part
  const drawn = boxes.map(({ letter, x, y, wide, tall }) =>
    `<rect x="${x}" y="${y}" width="${wide}" height="${tall}" rx="2"${lit.includes(letter) ? ' class="lit"' : ''}/>`)
  return `<svg class="emblem" viewBox="0 0 64 52" aria-hidden="true">${drawn.join('')}<path d="M15 15v5M49 15v5M29 27h6M15 34v5M49 34v5"/></svg>`
}

/** A station: where it lies in a field of 720 by 470, what it is called and what it does. */
interface Station { letter: string, name: string, lines: string[], x: number, y: number, wide: number, tall: number }

const stations: Station[] = [
  { letter: 'L', name: 'Launcher', lines: ['loads a kernel,', 'owns the devices'], x: 10, y: 36, wide: 250, tall: 104 },
  { letter: 'G', name: 'Guest', lines: ['a kernel in ring 1,', 'programs in ring 3'], x: 460, y: 36, wide: 250, tall: 104 },
  { letter: 'H', name: 'Host', lines: ['hypercalls, interrupts,', 'segments, shadow tables'], x: 10, y: 218, wide: 250, tall: 104 },
  { letter: 'S', name: 'Switcher', lines: ['one page of machine code', 'in both worlds'], x: 460, y: 218, wide: 250, tall: 104 },
  { letter: 'E', name: 'Emulator', lines: ['the i386 beneath it all: interpreter, compiler, MMU, x87, SSE2'], x: 10, y: 378, wide: 700, tall: 80 },
]
/** Stops on the lines between the stations. */
const stops: Station[] = [
  { letter: 'D', name: 'Devices', lines: [], x: 300, y: 68, wide: 120, tall: 40 },
  { letter: 'P', name: 'Preparation', lines: [], x: 288, y: 250, wide: 144, tall: 40 },
]

/** The large map; `to` gives the address of a part, or none while it has no chapters. */
export function map(to: (letter: string) => string | undefined): string {
  const drawn = [...stations, ...stops].map((station) => {
    const url = to(station.letter)
    return url ? `<a href="${url}">${box(station)}</a>` : box(station)
  })
  return `<svg class="map" viewBox="0 0 720 470" role="group" aria-label="Map of the journey: its parts, and what passes between them">
${tracks()}${drawn.join('\n')}</svg>`
}

function box({ letter, name, lines, x, y, wide, tall }: Station): string {
  const middle = x + wide / 2
  const top = lines.length ? y + 38 : y + tall / 2 + 6
  const words = lines.map((line, i) => `<text x="${middle}" y="${top + 24 + 19 * i}" class="words">${escape(line)}</text>`)
  return `<g class="${lines.length ? 'station' : 'stop'}"><rect x="${x}" y="${y}" width="${wide}" height="${tall}" rx="${lines.length ? 8 : tall / 2}"/>
<text x="${middle}" y="${top}"><tspan class="letter">${letter}</tspan> <tspan class="name">${name}</tspan></text>${words.join('')}</g>`
}

/** What passes between the parts. */
function tracks(): string {
  const lines = ['M260 88H460', 'M100 140V218', 'M170 218V140', 'M260 270H460', 'M550 218V140', 'M620 140V218', 'M135 322V378', 'M585 322V378']
  const heads = ['M455 83l6 5-6 5', 'M95 213l5 6 5-6', 'M165 145l5-6 5 6', 'M265 265l-6 5 6 5', 'M455 265l6 5-6 5', 'M545 145l5-6 5 6', 'M615 213l5 6 5-6']
  const words: [number, number, string, string][] = [
    [92, 184, 'write, read', 'at-end'], [178, 184, 'words, reasons to die', 'at-start'],
    [542, 184, 'iret', 'at-end'], [628, 184, 'traps', 'at-start'], [360, 240, 'far call', 'middle'], [360, 312, 'iret', 'middle'],
    [360, 58, 'memory', 'middle'], [360, 128, 'interrupts', 'middle'],
  ]
  return `<g class="tracks"><path d="${lines.join('')}"/><path d="${heads.join('')}"/>`
    + words.map(([x, y, text, anchor]) => `<text x="${x}" y="${y}" class="${anchor}">${text}</text>`).join('') + '</g>'
}

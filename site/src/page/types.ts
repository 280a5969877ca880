/**
 * What a name in the code is: pointed at (or tapped), it shows its type, what
 * its comment says, and the way to where it is defined.
 */
import { showCard } from './card.ts'
import { fromRoot, load } from './data.ts'

/** As the weave writes it: see FileTypes there. The address is that of the telling block. */
type Known = [signature: string, comment: string, file: string, line: number, url?: string]
interface FileTypes { known: Known[], at: Record<number, number[]> }

interface Pointed { file: string, line: number, column: number, box: DOMRect, element: Element }

export function offerTypes(): void {
  const text = document.getElementById('content')
  let waiting: ReturnType<typeof setTimeout> | undefined
  text?.addEventListener('pointermove', (event) => {
    clearTimeout(waiting)
    if (event.pointerType === 'touch' || event.buttons) return
    waiting = setTimeout(() => { void tell(event.clientX, event.clientY) }, 350)
  })
  text?.addEventListener('click', (event) => {
    if (!(event.target as Element).closest('a, button')) void tell(event.clientX, event.clientY)
  })
}

async function tell(x: number, y: number): Promise<void> {
  const pointed = pointedAt(x, y)
  if (!pointed) return
  const types = await load<FileTypes>(`types/${pointed.file}`).catch(() => undefined)
  const pairs = types?.at[pointed.line] ?? []
  for (let i = 0; i < pairs.length; i += 2) {
    if (pairs[i] === pointed.column) return show(pointed, types!.known[pairs[i + 1]])
  }
}

function show({ element, box }: Pointed, [signature, comment, file, line, url]: Known): void {
  const told = Object.assign(document.createElement('a'), { href: fromRoot(url ?? ''), textContent: `${file}:${line}` })
  showCard(element, [
    Object.assign(document.createElement('pre'), { textContent: signature }),
    Object.assign(document.createElement('span'), { textContent: comment }), told,
  ], box)
}

/** The name under a point of the screen, as a place in its file. */
function pointedAt(x: number, y: number): Pointed | undefined {
  const range = rangeAt(x, y)
  if (range?.startContainer.nodeType !== Node.TEXT_NODE) return undefined
  const node = range.startContainer as Text
  const element = node.parentElement!
  const line = element.closest<HTMLElement>('.l')
  const place = line && placeOf(line)
  if (!line || !place) return undefined
  const before = document.createRange()
  before.setStart(line, 0)
  before.setEnd(node, range.startOffset)
  const at = before.toString().length
  const start = at - /[\w$#]*$/.exec(before.toString())![0].length
  const end = at + /^[\w$]*/.exec(node.data.slice(range.startOffset))![0].length
  range.setStart(node, Math.max(0, range.startOffset - (at - start)))
  range.setEnd(node, Math.min(node.length, range.startOffset + (end - start)))
  const box = range.getBoundingClientRect()
  if (end === start || x < box.left - 2 || x > box.right + 2 || y < box.top - 2 || y > box.bottom + 2) return undefined
  return { ...place, column: start + place.column, box, element }
}

function rangeAt(x: number, y: number): Range | null {
  if (!document.caretPositionFromPoint) return document.caretRangeFromPoint(x, y)
  const caret = document.caretPositionFromPoint(x, y)
  if (!caret) return null
  const range = document.createRange()
  range.setStart(caret.offsetNode, caret.offset)
  return range
}

/** File and line of a line on the page, and how far it is indented there beyond what is shown. */
function placeOf(line: HTMLElement): { file: string, line: number, column: number } | undefined {
  const whole = line.closest<HTMLElement>('.whole')
  if (whole) return { file: whole.dataset.file!, line: Number(line.id.slice(1)), column: 0 }
  const figure = line.closest<HTMLElement>('figure[data-place]')
  if (!figure || line.closest('.around')) return undefined
  const [file, runs, indent] = figure.dataset.place!.split(':')
  const number = lineOf(figure, line, runs.split(',').map((run) => run.split('-').map(Number)))
  return number ? { file, line: number, column: Number(indent) } : undefined
}

/** A block's lines follow each other in the file in runs, each from a line that is shown on. */
function lineOf(figure: Element, wanted: Element, runs: number[][]): number | undefined {
  if (wanted.querySelector('.ref')) return undefined
  const at = [...figure.querySelectorAll('pre code > .l')].indexOf(wanted)
  const run = runs.findLast(([shown]) => shown <= at)
  return run && run[1] + at - run[0]
}

/**
 * Fences of class .demo: what they order, whether their run did what the
 * chapter says, and how its transcript looks on the page.
 */
import type { ParsedChapter } from '../tangle/book.ts'
import { at, Diagnostics, type Place } from '../tangle/diagnostics.ts'
import { readInfo } from '../tangle/fence-info.ts'
import { countHead, countRows } from '../../site/src/guest/counts.ts'
import type { Figure } from '../../site/src/figures/camera.ts'
import type { FigureKind } from '../tangle/figure-kinds.ts'
import { figureParts, type Link } from '../../site/src/figures/html.ts'
import type { Recording } from './demo-run.ts'
import { escape } from './highlight.ts'

/** What a fence orders: its script, and what to show of it. */
export interface Demo {
  place: Place
  /** Typed when Puppy waits, a chunk at a time. */
  script: string[]
  show?: 'counts' | 'trace' | FigureKind
  ends: 'prompt' | 'halt' | 'death'
  /** Words that must be seen. */
  says?: string
  /** What a second Puppy types before, at the other end of a wire. */
  beside?: string
}

/** All demos of the book, in reading order. */
export function demosOf(chapters: ParsedChapter[]): Demo[] {
  const quiet = new Diagnostics() // what is wrong with fences was told when they were tangled
  return chapters.flatMap(({ path, fences }) => fences.flatMap(({ opening, body, line, column }) => {
    if (!opening.includes('.demo')) return []
    const { classes, options } = readInfo(opening, at(path, line, column), quiet)
    if (!classes.has('demo')) return []
    return [{
      place: at(path, line, column), script: scriptOf(body), show: options.get('show') as Demo['show'],
      ends: options.get('ends') as Demo['ends'] ?? 'prompt', says: options.get('says'), beside: options.get('beside'),
    }]
  }))
}

/**
 * Lines are typed in one go, as from a pipe. A line such as `^C` is that key,
 * pressed once the Guest has nothing more to do; so is what follows it.
 */
export function scriptOf(lines: string[]): string[] {
  const chunks: string[] = []
  let open = false
  for (const line of lines) {
    const key = /^\^([A-Z])$/.exec(line)
    if (key) chunks.push(String.fromCharCode(key[1].charCodeAt(0) - 64))
    else if (open) chunks[chunks.length - 1] += `${line}\n`
    else chunks.push(`${line}\n`)
    open = !key
  }
  return chunks
}

/** What is wrong with how a run went; nothing, if it went as the fence says. */
export function complaintAbout(demo: Demo, { screen, trace, status, counts, figure }: Recording): string | undefined {
  const last = screen.trimEnd().split('\n').at(-1)!
  const ended = status !== 0 ? 'death' : last === 'puppy>' ? 'prompt' : 'halt'
  if (ended !== demo.ends) return `this run ends in a ${ended}, not a ${demo.ends}; its last line is: ${last}`
  if (figure && figure.steps.length === 0) return `this run has nothing to show for show=${demo.show}`
  const counted = counts ? countRows(counts.after, counts.before).replace(/<[^>]*>/g, ' ') : ''
  if (demo.says && ![screen, ...trace, counted].join('\n').includes(demo.says)) {
    return `nothing in this run says '${demo.says}'; its last line is: ${last}`
  }
  return undefined
}

/** The element on the page: it holds the transcript until somebody starts it. */
export function demoHtml(demo: Omit<Demo, 'place'>, recording: Recording, link: Link): string {
  const { script, show, beside } = demo
  const order = recording.image ? { script: [], show, ...recording.image } : { script, show }
  const one = guestHtml(order, recording.screen, panel(demo, recording, link))
  if (beside === undefined) return `<figure class="demo">${one}</figure>`
  return `<figure class="demo"><lguest-pair>${one}${guestHtml({ script: [`${beside}\n`] }, recording.beside ?? '')}</lguest-pair></figure>`
}

function guestHtml(order: Pick<Demo, 'script' | 'show'> & Partial<Recording['image']>, screen: string, below = ''): string {
  return `<lguest-guest order="${escape(JSON.stringify(order))}"><pre class="screen" tabindex="0"><code>${transcript(screen)}</code></pre>${below}</lguest-guest>`
}

/** What was printed; what had been typed is marked. */
function transcript(screen: string): string {
  return escape(screen.trimEnd()).replace(/^(puppy&#62; )(.*)$/gm, '$1<b>$2</b>') + ' '
}

function panel({ show }: Omit<Demo, 'place'>, { counts, trace, figure }: Recording, link: Link): string {
  if (show === 'counts' && counts) {
    return `<table class="counts">${countHead}<tbody>${countRows(counts.after, counts.before)}</tbody></table>`
  }
  if (show === 'trace') return `<pre class="trace" tabindex="0"><code>${trace.map(escape).join('\n')}\n</code></pre>`
  return figure ? figureHtml(figure, link) : ''
}

/** A table to step through, and the same in words. */
function figureHtml(figure: Figure, link: Link): string {
  const { head, rows, words } = figureParts(figure, link)
  return `<lguest-figure><div class="scroll" tabindex="0"><table><thead>${head}</thead><tbody>${rows}</tbody></table></div>`
    + `<details><summary>The same in words</summary><ol>${words}</ol></details></lguest-figure>`
}

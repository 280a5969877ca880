/** What stands below a terminal: what the Host counted, or its trace. */
import type { Counts } from '../../../generated/launcher/browser/counter.ts'
import { countRows } from './counts.ts'
import type { FigureElement } from './figure.ts'
import type { FilmNews } from './filming.ts'

/** Lines of a live trace that stay on the page. */
const mostLines = 300

export class Panel {
  readonly #rows: Element | null
  readonly #trace: Element | null
  readonly #figure: FigureElement | null
  #now?: Counts
  #before?: Counts
  #lines: string[] = []
  #drawing = false

  constructor(guest: HTMLElement) {
    this.#rows = guest.querySelector('table.counts tbody')
    this.#figure = guest.querySelector('lguest-figure')
    this.#trace = guest.querySelector('pre.trace code')
  }

  hear(news: FilmNews): void {
    if ('filmed' in news) this.#figure?.show(news.filmed)
    else if ('counted' in news) this.#now = news.counted
    else if ('typed' in news) this.keysTyped()
    else if ('complained' in news && this.takes(news.complained)) this.#lines.push(news.complained)
    this.#draw()
  }

  /** Is a complaint a line of the trace? Those open with the count of instructions. */
  takes(line: string): boolean {
    return this.#trace !== null && /^ *\d+  /.test(line)
  }

  /** What comes from here on came of these keys. */
  keysTyped(): void {
    this.#before = this.#now
    this.#lines = []
  }

  /** Once a frame is enough. */
  #draw(): void {
    if (this.#drawing) return
    this.#drawing = true
    requestAnimationFrame(() => {
      this.#drawing = false
      if (this.#rows && this.#now) this.#rows.innerHTML = countRows(this.#now, this.#before)
      if (!this.#trace) return
      this.#lines.splice(0, this.#lines.length - mostLines)
      this.#trace.textContent = this.#lines.join('\n') + '\n'
    })
  }
}

/**
 * <lguest-figure>: a figure taken from a run, gone through step by step, with
 * buttons or arrow keys. Without script, and on paper, all steps stand there.
 */
import type { Figure } from '../figures/camera.ts'
import { bootColumns } from '../figures/boot-columns.ts'
import { figureParts } from '../figures/html.ts'
import { Strip } from './strip.ts'

export class FigureElement extends HTMLElement {
  #at = 0
  #rows: HTMLTableRowElement[] = []
  #words: string[] = []
  /** Addresses of tags, as the page had them. */
  readonly #links = new Map<string, string>()
  readonly #said = Object.assign(document.createElement('p'), { className: 'words' })
  readonly #back = stepButton('‹', 'Step back', () => this.#go(this.#at - 1))
  readonly #on = stepButton('›', 'Step on', () => this.#go(this.#at + 1))

  /** Where steps have a time, it is drawn. */
  #strip?: Strip

  connectedCallback(): void {
    if (this.#rows.length > 0) return
    if (this.querySelector('th')?.textContent === bootColumns[0]) {
      this.#strip = new Strip(stepButton, (step) => this.#go(step))
      this.prepend(this.#strip.element)
    }
    this.#take()
    this.#said.setAttribute('aria-live', 'polite')
    const bar = Object.assign(document.createElement('div'), { className: 'bar' })
    bar.append(this.#back, this.#on, this.#said)
    this.prepend(bar)
    this.addEventListener('keydown', (event) => {
      const deeper = { '+': 1, '-': -1 }[event.key]
      if (deeper) this.#strip?.zoom(deeper)
      const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key]
      if (!step || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return
      event.preventDefault()
      event.stopPropagation()
      this.#go(this.#at + step)
    })
    this.#go(0)
  }

  /** Shows another figure in its place, from the running Guest. */
  show(figure: Figure): void {
    const links = new Map([...this.querySelectorAll('td a')].map((link) => [link.textContent, link.getAttribute('href')!]))
    for (const [tag, url] of links) this.#links.set(tag, url)
    const { rows, words } = figureParts(figure, (tag) => this.#links.get(tag))
    this.querySelector('tbody')!.innerHTML = rows
    this.querySelector('ol')!.innerHTML = words
    this.#take()
    this.#go(Math.min(this.#at, this.#rows.length - 1))
  }

  #take(): void {
    this.#rows = [...this.querySelectorAll<HTMLTableRowElement>('tbody tr')]
    this.#words = [...this.querySelectorAll('ol li')].map((item) => item.textContent)
  }

  #go(to: number): void {
    this.#at = Math.max(0, Math.min(this.#rows.length - 1, to))
    this.#rows.forEach((row, i) => {
      row.classList.toggle('now', i === this.#at)
      row.classList.toggle('later', i > this.#at)
    })
    this.#said.textContent = `${this.#at + 1} of ${this.#rows.length}. ${this.#words[this.#at]}`
    this.#strip?.show(this.#rows.map((one) => Number(one.cells[0].textContent!.replaceAll(',', ''))), this.#at)
    // Not `disabled`: that would take the keyboard away, and the next arrow would turn the page.
    this.#back.ariaDisabled = String(this.#at === 0)
    const row = this.#rows[this.#at]
    const box = row.closest('.scroll')!
    box.scrollTop = Math.max(0, row.offsetTop - box.clientHeight / 2)
    this.#on.ariaDisabled = String(this.#at === this.#rows.length - 1)
  }
}

function stepButton(label: string, name: string, press: () => void): HTMLButtonElement {
  const made = Object.assign(document.createElement('button'), { type: 'button', textContent: label })
  made.setAttribute('aria-label', name)
  made.addEventListener('click', press)
  return made
}

customElements.define('lguest-figure', FigureElement)

/**
 * <lguest-figure>: a figure taken from a run, gone through step by step, with
 * buttons or arrow keys. Without script, and on paper, all steps stand there.
 */
class FigureElement extends HTMLElement {
  #at = 0
  #rows: HTMLElement[] = []
  #words: string[] = []
  readonly #said = Object.assign(document.createElement('p'), { className: 'words' })
  readonly #back = stepButton('‹', 'Step back', () => this.#go(this.#at - 1))
  readonly #on = stepButton('›', 'Step on', () => this.#go(this.#at + 1))

  connectedCallback(): void {
    if (this.#rows.length > 0) return
    this.#rows = [...this.querySelectorAll<HTMLElement>('tbody tr')]
    this.#words = [...this.querySelectorAll('ol li')].map((item) => item.textContent)
    this.#said.setAttribute('aria-live', 'polite')
    const bar = Object.assign(document.createElement('div'), { className: 'bar' })
    bar.append(this.#back, this.#on, this.#said)
    this.prepend(bar)
    this.addEventListener('keydown', (event) => {
      const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key]
      if (!step || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return
      event.preventDefault()
      event.stopPropagation()
      this.#go(this.#at + step)
    })
    this.#go(0)
  }

  #go(to: number): void {
    this.#at = Math.max(0, Math.min(this.#rows.length - 1, to))
    this.#rows.forEach((row, i) => {
      row.classList.toggle('now', i === this.#at)
      row.classList.toggle('later', i > this.#at)
    })
    this.#said.textContent = `${this.#at + 1} of ${this.#rows.length}. ${this.#words[this.#at]}`
    // Not `disabled`: that would take the keyboard away, and the next arrow would turn the page.
    this.#back.ariaDisabled = String(this.#at === 0)
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

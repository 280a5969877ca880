/** A timeline over a figure's table: each step where its count of instructions puts it, to be looked at more closely. */
const deepest = 12

export class Strip {
  readonly element = Object.assign(document.createElement('div'), { className: 'strip' })
  readonly #line = Object.assign(document.createElement('div'), { className: 'line' })
  readonly #span = document.createElement('output')
  readonly #choose: (step: number) => void
  #places: number[] = []
  #at = 0
  #depth = 0

  /** `choose` is told which step was pressed. */
  constructor(button: (label: string, name: string, press: () => void) => HTMLButtonElement, choose: (step: number) => void) {
    this.#choose = choose
    this.#line.ariaHidden = 'true' // the table says the same
    this.element.append(button('−', 'Zoom out', () => this.zoom(-1)), button('+', 'Zoom in', () => this.zoom(1)), this.#span, this.#line)
  }

  /** Each depth shows half of the one before, around the step that is looked at. */
  zoom(by: number): void {
    this.#depth = Math.max(0, Math.min(deepest, this.#depth + by))
    this.show(this.#places, this.#at)
  }

  show(places: number[], at: number): void {
    [this.#places, this.#at] = [places, at]
    const all = Math.max(1, places.at(-1)!)
    const width = all / 2 ** this.#depth
    const from = Math.max(0, Math.min(all - width, places[at] - width / 2))
    this.#span.textContent = `${Math.round(from).toLocaleString('en')} to ${Math.round(from + width).toLocaleString('en')} instructions`
    this.#line.replaceChildren(...places.flatMap((place, step) => {
      if (place < from || place > from + width) return []
      const tick = document.createElement('i')
      tick.style.left = `${(place - from) / width * 100}%`
      tick.classList.toggle('now', step === at)
      tick.addEventListener('click', () => this.#choose(step))
      return [tick]
    }))
  }
}

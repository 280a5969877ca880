/** <lguest-pair>: two Guests on a wire. Who starts the first starts the second before, and waits until it has done as its script says. */
import type { GuestElement, Wish } from './guest/element.ts'
import { Hub } from './guest/hub.ts'
import { cardOf, wireOf } from './guest/wired.ts'

/** Milliseconds between two looks at whether the second is ready, and how often we look. */
const interval = 50
const patience = 400

class GuestPair extends HTMLElement {
  readonly #hub = new Hub()

  connectedCallback(): void {
    const guests = [...this.querySelectorAll<GuestElement>('lguest-guest')]
    for (const [i, guest] of guests.entries()) {
      const wish = JSON.parse(guest.getAttribute('order')!) as Wish
      guest.wish = () => ({ ...wish, plan: { devices: [cardOf(i)] }, wires: wireOf(i, this.#hub.join(i)) })
    }
    const [first, second] = guests
    first.addEventListener('click', (event) => {
      if (!(event.target as Element).matches('.start') || second.classList.contains('running')) return
      event.stopPropagation()
      void this.#startBoth(first, second)
    }, { capture: true })
  }

  async #startBoth(first: GuestElement, second: GuestElement): Promise<void> {
    await second.start()
    for (let i = 0; i < patience && !isReady(second); i++) await new Promise((resolve) => setTimeout(resolve, interval))
    await first.start(true)
  }
}

/** Has it done what its script says, and waits for more? */
const isReady = (guest: GuestElement): boolean => /^puppy> .+[^]*\npuppy>$/m.test(guest.text)

customElements.define('lguest-pair', GuestPair)

/**
 * The wire between two Guests of a page, from the page's side. A Guest that is
 * started again gets a new end; the other one keeps its own.
 */
export class Hub {
  readonly #ends = new Map<number, MessagePort>()

  /** A fresh end for the Guest of that number; what it sends goes to all others. */
  join(guest: number): MessagePort {
    const { port1, port2 } = new MessageChannel()
    this.#ends.get(guest)?.close()
    this.#ends.set(guest, port1)
    port1.onmessage = ({ data }) => {
      for (const [other, end] of this.#ends) if (other !== guest) end.postMessage(data)
    }
    return port2
  }
}

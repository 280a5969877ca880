/** The Worker that a Guest runs in, from the page's side. */
import type { Order } from '../../../generated/launcher/browser/session.ts'
import type { Message } from '../../../generated/launcher/browser/worker.ts'
import type { FigureKind } from '../../../tools/tangle/figure-kinds.ts'
import { base } from './base.ts'
import type { FilmNews } from './filming.ts'

export class Thread {
  readonly #worker: Worker

  /** Starts a Guest, with `film` before a camera. `failed` is told of a fault of ours, in a line. */
  constructor(order: Order & { film?: FigureKind }, hear: (news: FilmNews) => void, failed: (why: string) => void) {
    this.#worker = new Worker(new URL(order.film ? 'guest/filming.js' : 'guest/worker.js', base), { type: 'module' })
    this.#worker.onmessage = ({ data }) => hear(data)
    this.#worker.onerror = (event) => {
      event.preventDefault()
      failed(event.message || 'the Launcher cannot be loaded here')
    }
    const ends = (order.wires ?? []).map(([, end]) => end)
    this.#worker.postMessage({ order } satisfies Message, ends)
  }

  type(keys: string): void {
    this.#worker.postMessage({ keys } satisfies Message)
  }

  pause(pause: boolean): void {
    this.#worker.postMessage({ pause } satisfies Message)
  }

  /** The end of the Guest, its memory and all. */
  end(): void {
    this.#worker.terminate()
  }
}

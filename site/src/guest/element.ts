/**
 * <lguest-guest>: a transcript that becomes the running system when it is
 * started, in a thread of its own, and a transcript again when it ends.
 *
 * Attributes: `order`, JSON of script and show; `eager`, to start by itself
 * once it is seen and the page has nothing else to do.
 */
import type { Order } from '../../../generated/launcher/browser/session.ts'
import { isFigure } from '../../../tools/tangle/figure-kinds.ts'
import { base } from './base.ts'
import type { FilmNews } from './filming.ts'
import { keyRow } from './keys.ts'
import { Panel } from './panel.ts'
import type { Screen } from './terminal.ts'
import { Thread } from './thread.ts'

/** What a fence orders. */
export interface Wish extends Partial<Order> {
  show?: string
}

const leastRows = 10
const mostRows = 20

export class GuestElement extends HTMLElement {
  /** What is run, or how to know at each start; from the attribute, or set by a script of the page. */
  wish: Wish | (() => Wish) = {}
  #thread: Thread | null = null
  #screen: Screen | null = null
  #built = false
  #seen = false
  #attention: AbortController | null = null
  readonly #start = button('Start', () => void this.start(true))
  readonly #stop = button('Stop', () => this.stop())
  readonly #reset = button('Reset', () => void this.reset())
  readonly #copy = button('Copy', () => void this.#copyText())
  readonly #status = Object.assign(document.createElement('span'), { className: 'status' })

  connectedCallback(): void {
    if (this.#built) return
    this.#built = true
    const order = this.getAttribute('order')
    if (order) this.wish = wishIn(JSON.parse(order))
    this.#status.setAttribute('role', 'status')
    const bar = Object.assign(document.createElement('div'), { className: 'bar' })
    bar.append(this.#start, this.#stop, this.#reset, this.#copy, this.#status)
    this.prepend(bar)
    this.#show(false, this.#transcript ? 'Recorded when this page was woven' : '')
    this.#start.addEventListener('pointerenter', () => void loadTerminal(), { once: true })
    // From a file a page may start no thread; the button then says why.
    if (this.hasAttribute('eager') && location.protocol !== 'file:') this.#startWhenSeen()
  }

  disconnectedCallback(): void {
    this.stop()
  }

  /** Boots the Guest; with `focus`, the keyboard goes to it. */
  async start(focus = false): Promise<void> {
    if (this.#thread || !this.#built) return
    const panel = new Panel(this)
    this.#show(true, 'Booting …')
    const early: FilmNews[] = []
    this.#thread = this.#begin((news) => this.#screen ? this.#hear(news, panel) : void early.push(news))
    const thread = this.#thread
    const { Screen } = await loadTerminal()
    if (this.#thread !== thread) return
    this.#openScreen(Screen, thread, panel)
    for (const news of early) this.#hear(news, panel)
    if (focus) this.#screen!.focus()
  }

  /** Ends the Guest; what it printed stays. */
  stop(words = 'Stopped'): void {
    if (!this.#thread) return
    this.#thread.end()
    this.#thread = null
    this.#attention?.abort()
    const focused = this.contains(document.activeElement)
    const text = this.#screen?.text()
    this.#screen?.close()
    this.#screen = null
    if (text !== undefined) this.#leaveTranscript(text)
    this.#show(false, words)
    if (focused) this.#start.focus()
  }

  async reset(): Promise<void> {
    this.stop()
    await this.start(true)
  }

  /** What has been printed so far. */
  get text(): string {
    return this.#screen?.text() ?? this.#transcript?.textContent.trimEnd() ?? ''
  }

  get #transcript(): HTMLElement | null {
    return this.querySelector('pre.screen')
  }

  #begin(hear: (news: FilmNews) => void): Thread {
    const { show, ...order } = typeof this.wish === 'function' ? this.wish() : this.wish
    const plan = { ...order.plan, ...(show === 'trace' ? { trace: true } : {}) }
    return new Thread({ script: [], ...order, plan, counting: show === 'counts', ...(isFigure(show) ? { film: show } : {}) }, hear,
      (why) => this.stop(`It failed: ${why}`))
  }

  #openScreen(Terminal: typeof Screen, thread: Thread, panel: Panel): void {
    const lines = this.#transcript?.textContent.split('\n').length ?? 0
    const host = Object.assign(document.createElement('div'), { className: 'tty' })
    if (this.#transcript) this.#transcript.replaceWith(host)
    else this.querySelector('.bar')!.after(host)
    const row = keyRow((keys) => this.#screen?.input(keys), () => this.#screen?.focus())
    host.after(row.element)
    this.#screen = new Terminal(host, Math.max(leastRows, Math.min(mostRows, lines + 3)), (keys) => {
      panel.keysTyped()
      thread.type(row.withCtrl(keys))
    })
    this.#watchAttention(thread)
  }

  /** Nobody looks: the Guest's time stands still. */
  #watchAttention(thread: Thread): void {
    this.#attention = new AbortController()
    const { signal } = this.#attention
    const look = () => thread.pause(document.hidden || !this.#seen)
    const observer = new IntersectionObserver((entries) => {
      this.#seen = entries.at(-1)!.isIntersecting
      look()
    })
    observer.observe(this)
    signal.addEventListener('abort', () => observer.disconnect())
    document.addEventListener('visibilitychange', look, { signal })
    // A phone's keyboard covers half the page: keep the prompt above it.
    visualViewport?.addEventListener('resize', () => {
      if (this.contains(document.activeElement)) this.querySelector('.keys')?.scrollIntoView({ block: 'nearest' })
    }, { signal })
  }

  #hear(news: FilmNews, panel: Panel): void {
    panel.hear(news)
    if ('printed' in news) {
      this.#screen!.write(news.printed)
      this.#say(matchMedia('(pointer: coarse)').matches ? 'Running' : 'Esc, then Tab, leaves the terminal')
    } else if ('complained' in news && !panel.takes(news.complained)) this.#screen!.write(`${news.complained}\n`)
    else if ('ended' in news) this.#ended(news.ended)
  }

  /** What was written last is drawn later, and must be there when the text is taken. */
  #ended(status: number): void {
    const thread = this.#thread
    this.#screen!.drawn(() => {
      if (this.#thread === thread) this.stop(status === 0 ? 'It powered off' : 'It has died')
      this.dispatchEvent(new CustomEvent('ended', { detail: status }))
    })
  }

  #leaveTranscript(text: string): void {
    const pre = Object.assign(document.createElement('pre'), { className: 'screen', tabIndex: 0 })
    pre.append(Object.assign(document.createElement('code'), { textContent: text }))
    this.querySelector('.tty')?.replaceWith(pre)
    this.querySelector('.keys')?.remove()
  }

  #show(running: boolean, status: string): void {
    this.classList.toggle('running', running)
    this.#start.hidden = running
    this.#stop.hidden = this.#reset.hidden = !running
    this.#say(status)
  }

  #say(status: string): void {
    if (this.#status.textContent !== status) this.#status.textContent = status
  }

  async #copyText(): Promise<void> {
    await navigator.clipboard.writeText(this.#screen?.copied() ?? this.text)
    this.#copy.textContent = 'Copied'
    setTimeout(() => { this.#copy.textContent = 'Copy' }, 1500)
  }

  #startWhenSeen(): void {
    const observer = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return
      observer.disconnect()
      const idle = window.requestIdleCallback ?? ((begin: () => void) => setTimeout(begin, 200))
      idle(() => void this.start())
    })
    observer.observe(this)
  }
}

/** An attribute holds a kernel of its own as base64. */
function wishIn({ kernel, memory, ...order }: Wish & { kernel?: string, memory?: number }): Wish {
  if (!kernel) return order
  const image = Uint8Array.from(atob(kernel), (letter) => letter.charCodeAt(0))
  return { ...order, plan: { memory, kernel: 'kernel', era: 'B3' }, files: [['kernel', image]] }
}

let terminal: Promise<{ Screen: typeof Screen }> | undefined

/** The terminal's code, fetched once. */
function loadTerminal(): Promise<{ Screen: typeof Screen }> {
  terminal ??= import(new URL('guest/terminal.js', base).href)
  return terminal
}

function button(label: string, press: () => void): HTMLButtonElement {
  const made = Object.assign(document.createElement('button'), { type: 'button', textContent: label })
  if (label === 'Start') made.className = 'start'
  made.addEventListener('click', press)
  return made
}

customElements.define('lguest-guest', GuestElement)

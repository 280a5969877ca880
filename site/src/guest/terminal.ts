/**
 * A terminal on the page: xterm.js in the page's colours, as wide as there is
 * room for. It is loaded when a Guest is started, and not before.
 */
import { Terminal, type ITheme } from '@xterm/xterm'
import xtermStyle from '@xterm/xterm/css/xterm.css'

/** Columns: what programs expect, and what they must make do with on a phone. */
const widest = 90
const narrowest = 24

export class Screen {
  readonly #terminal: Terminal
  readonly #host: HTMLElement
  readonly #colours = new AbortController()
  readonly #room: ResizeObserver

  /** `typed` is told of keys. After Esc, Tab leaves the terminal instead of being typed. */
  constructor(host: HTMLElement, rows: number, typed: (keys: string) => void) {
    addStyle()
    this.#host = host
    this.#terminal = new Terminal({
      rows, cols: columnsIn(host), fontSize: fontSizeIn(host), fontFamily: getComputedStyle(host).getPropertyValue('--mono'),
      theme: coloursOf(host), convertEol: true, cursorBlink: false, scrollback: 2000, minimumContrastRatio: 4.5,
    })
    this.#terminal.open(host)
    this.#terminal.textarea!.setAttribute('aria-label', 'Terminal of the Guest. Escape, then Tab, leaves it.')
    this.#terminal.onData(typed)
    this.#terminal.attachCustomKeyEventHandler(lettingGo())
    this.#room = new ResizeObserver(() => this.#terminal.resize(columnsIn(host), rows))
    this.#room.observe(host)
    this.#followColours()
  }

  write(bytes: Uint8Array | string): void {
    this.#terminal.write(bytes)
  }

  /** Calls back when all that was written stands on the screen. */
  drawn(callback: () => void): void {
    this.#terminal.write('', callback)
  }

  /** Types for the reader, as the keyboard would. */
  input(keys: string): void {
    this.#terminal.input(keys, true)
  }

  focus(): void {
    this.#terminal.focus()
  }

  /** The selection, or else all there is. */
  copied(): string {
    return this.#terminal.getSelection() || this.text()
  }

  /** All lines, without the terminal's wrapping. */
  text(): string {
    const { active } = this.#terminal.buffer
    let text = ''
    for (let i = 0; i < active.length; i++) {
      const line = active.getLine(i)!
      const wraps = active.getLine(i + 1)?.isWrapped ?? false
      text += line.translateToString(!wraps) + (wraps ? '' : '\n')
    }
    return text.trimEnd()
  }

  close(): void {
    this.#room.disconnect()
    this.#colours.abort()
    this.#terminal.dispose()
  }

  /** The reader may choose light or dark at any time. */
  #followColours(): void {
    const repaint = () => { this.#terminal.options.theme = coloursOf(this.#host) }
    const { signal } = this.#colours
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', repaint, { signal })
    const chosen = new MutationObserver(repaint)
    chosen.observe(document.documentElement, { attributeFilter: ['data-theme'] })
    signal.addEventListener('abort', () => chosen.disconnect())
  }
}

/** Sees Tab after Esc, and leaves it to the browser, which moves on. */
function lettingGo(): (event: KeyboardEvent) => boolean {
  let escaped = false
  return (event) => {
    if (event.type !== 'keydown' || event.key === 'Shift') return true
    const leaves = escaped && event.key === 'Tab'
    escaped = event.key === 'Escape'
    return !leaves
  }
}

/** In pixels: on a phone forty columns are worth smaller letters. */
const fontSizeIn = (host: HTMLElement): number => (host.clientWidth < 400 ? 12 : 13)

function columnsIn(host: HTMLElement): number {
  const ruler = Object.assign(document.createElement('span'), { textContent: 'M'.repeat(100) })
  ruler.style.cssText = `position:absolute;visibility:hidden;white-space:pre;font:${fontSizeIn(host)}px var(--mono)`
  host.append(ruler)
  const width = ruler.getBoundingClientRect().width / 100
  ruler.remove()
  const { paddingLeft, paddingRight } = getComputedStyle(host)
  const room = host.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight)
  return Math.max(narrowest, Math.min(widest, Math.floor((room - scrollbar) / width)))
}

/** Pixels that the terminal keeps free for its scrollbar. */
const scrollbar = 14

function coloursOf(host: HTMLElement): ITheme {
  const { color, backgroundColor, outlineColor } = getComputedStyle(host)
  return {
    foreground: color, background: backgroundColor, cursor: outlineColor, cursorAccent: backgroundColor,
    selectionBackground: outlineColor.replace('rgb(', 'rgba(').replace(')', ', 0.35)'),
  }
}

function addStyle(): void {
  if (document.getElementById('terminal-style')) return
  document.head.append(Object.assign(document.createElement('style'), { id: 'terminal-style', textContent: xtermStyle }))
}

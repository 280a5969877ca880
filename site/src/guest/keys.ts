/** A row of the keys that phones lack. */

/** What each key types. */
const keys: [label: string, name: string, types: string][] = [
  ['esc', 'Esc', '\x1b'], ['tab', 'Tab', '\t'], ['↑', 'Up', '\x1b[A'], ['↓', 'Down', '\x1b[B'],
  ['←', 'Left', '\x1b[D'], ['→', 'Right', '\x1b[C'],
]

export interface KeyRow {
  element: HTMLElement
  /** What keys become while Ctrl is held; it is let go by the next key. */
  withCtrl(typed: string): string
}

/** The row; `type` types, `focus` brings the phone's own keyboard. */
export function keyRow(type: (keys: string) => void, focus: () => void): KeyRow {
  let held = false
  const ctrl = button('ctrl', 'Ctrl, for the next key', () => hold(!held))
  const hold = (now: boolean) => {
    held = now
    ctrl.setAttribute('aria-pressed', String(now))
  }
  hold(false)
  const element = Object.assign(document.createElement('div'), { className: 'keys' })
  element.append(button('⌨', 'Show the keyboard', focus), ctrl,
    ...keys.map(([label, name, types]) => button(label, name, () => type(types))))
  return {
    element,
    withCtrl(typed) {
      if (!held || typed.length !== 1) return typed
      hold(false)
      return String.fromCharCode(typed.toUpperCase().charCodeAt(0) & 0x1f)
    },
  }
}

/** A button that does not take the keyboard away from the terminal. */
function button(label: string, name: string, press: () => void): HTMLButtonElement {
  const made = Object.assign(document.createElement('button'), { type: 'button', textContent: label })
  made.setAttribute('aria-label', name)
  made.addEventListener('pointerdown', (event) => event.preventDefault())
  made.addEventListener('click', press)
  return made
}

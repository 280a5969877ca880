/** Keys: `/` searches, `?` tells the keys, arrows turn pages. With a modifier they are the browser's. */
const keys: [string, string][] = [
  ['/', 'search'], ['→', 'next chapter'], ['←', 'chapter before'],
  ['c', 'contents'], ['?', 'these keys'], ['Esc', 'close what is open'],
]

export function listenForKeys(search: () => void): void {
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if ((event.target as Element).closest('input, textarea, select, dialog, [tabindex]:not(main), lguest-guest')) return
    const act = actionOf(event, search)
    if (!act) return
    event.preventDefault()
    act()
  })
}

/** Shift belongs to `?` on most keyboards; with an arrow it selects text, and turns nothing. */
function actionOf({ key, shiftKey }: KeyboardEvent, search: () => void): (() => void) | undefined {
  if (key === '/') return search
  if (key === '?') return showKeys
  if (shiftKey) return undefined
  if (key === 'c') return () => document.querySelector<HTMLElement>('.top a[href$="contents.html"]')?.click()
  const rel = key === 'ArrowLeft' ? 'prev' : key === 'ArrowRight' ? 'next' : undefined
  const link = rel && document.querySelector<HTMLElement>(`.turns a[rel="${rel}"]`)
  return link ? () => link.click() : undefined
}

let help: HTMLDialogElement | undefined

function showKeys(): void {
  help ??= makeHelp()
  if (!help.open) help.showModal()
}

function makeHelp(): HTMLDialogElement {
  const dialog = Object.assign(document.createElement('dialog'), { className: 'keys' })
  dialog.setAttribute('aria-label', 'Keys')
  const rows = keys.map(([key, what]) => `<div><dt><kbd>${key}</kbd></dt><dd>${what}</dd></div>`)
  dialog.innerHTML = `<h2>Keys</h2><dl>${rows.join('')}</dl><form method="dialog"><button>Close</button></form>`
  dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close() })
  document.body.append(dialog)
  return dialog
}

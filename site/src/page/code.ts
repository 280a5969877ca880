/** Tools over blocks of code: what stands around them in their file, and a copy. */
export function offerCode(): void {
  for (const caption of document.querySelectorAll('figure.code > figcaption')) {
    const tools = Object.assign(document.createElement('span'), { className: 'tools' })
    const context = contextButton(caption.parentElement!)
    if (context) tools.append(context)
    const copy = copyButton(() => codeOf(caption.parentElement!))
    if (copy) tools.append(copy)
    caption.append(tools)
  }
  for (const command of document.querySelectorAll<HTMLElement>('[data-copy]')) {
    const copy = copyButton(() => command.textContent!)
    if (copy) command.after(' ', copy)
  }
}

/** The block's own lines, without those around it. */
function codeOf(figure: Element): string {
  const lines = [...figure.querySelectorAll('pre .l')].filter((line) => !line.closest('.around'))
  return lines.map((line) => line.textContent).join('')
}

function button(text: string): HTMLButtonElement {
  return Object.assign(document.createElement('button'), { type: 'button', textContent: text })
}

function contextButton(figure: Element): HTMLButtonElement | undefined {
  const around = figure.querySelectorAll<HTMLElement>('.around')
  if (around.length === 0) return undefined
  const toggle = button('context')
  toggle.setAttribute('aria-pressed', 'false')
  toggle.title = 'The lines before and after it in the file'
  toggle.addEventListener('click', () => {
    const show = toggle.getAttribute('aria-pressed') === 'false'
    toggle.setAttribute('aria-pressed', String(show))
    for (const lines of around) lines.hidden = !show
    figure.classList.toggle('in-context', show)
  })
  return toggle
}

/** None where the browser lends no clipboard. */
function copyButton(text: () => string): HTMLButtonElement | undefined {
  if (!navigator.clipboard) return undefined
  const copy = Object.assign(button('copy'), { className: 'copy' })
  copy.addEventListener('click', async () => {
    await navigator.clipboard.writeText(text())
    copy.textContent = 'copied'
    setTimeout(() => { copy.textContent = 'copy' }, 1500)
  })
  return copy
}

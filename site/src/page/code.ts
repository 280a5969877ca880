/** Tools over blocks of code: what stands around them in their file, and a copy. */
import { chosen, remember } from './choices.ts'

/** For each block: shows what stands around it, or hides it. */
const contexts: ((show: boolean) => void)[] = []

export function offerCode(): void {
  for (const caption of document.querySelectorAll('figure.code > figcaption')) {
    const tools = Object.assign(document.createElement('span'), { className: 'tools' })
    const context = contextButton(caption.parentElement!)
    if (context) tools.append(context)
    const copy = copyButton(() => codeOf(caption.parentElement!))
    if (copy) tools.append(copy)
    const right = caption.querySelector('.pieces') ?? caption
    right.append(tools)
  }
  if (chosen('context') === 'shown') showContexts(true)
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

function showContexts(show: boolean): void {
  for (const context of contexts) context(show)
}

/** Pressed over one block it shows the context of all, here and on other pages; its own block stays where it is. */
function contextButton(figure: Element): HTMLButtonElement | undefined {
  const around = figure.querySelectorAll<HTMLElement>('.around')
  if (around.length === 0) return undefined
  const toggle = button('context')
  toggle.setAttribute('aria-pressed', 'false')
  toggle.title = 'The lines before and after it in the file'
  contexts.push((show) => {
    toggle.setAttribute('aria-pressed', String(show))
    for (const lines of around) lines.hidden = !show
    figure.classList.toggle('in-context', show)
  })
  toggle.addEventListener('click', () => {
    const show = toggle.getAttribute('aria-pressed') === 'false'
    const { top } = toggle.getBoundingClientRect()
    showContexts(show)
    scrollBy({ top: toggle.getBoundingClientRect().top - top, behavior: 'instant' })
    remember('context', show ? 'shown' : 'hidden')
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

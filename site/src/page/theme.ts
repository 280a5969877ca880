/** Light or dark: as the system is, until the reader chooses; the choice is remembered. */
import { remember } from './choices.ts'

const root = document.documentElement

export function offerThemes(): void {
  document.getElementById('theme')?.addEventListener('click', () => {
    const dark = matchMedia('(prefers-color-scheme: dark)').matches
    const now = root.dataset.theme ?? (dark ? 'dark' : 'light')
    root.dataset.theme = now === 'dark' ? 'light' : 'dark'
    remember('theme', root.dataset.theme)
  })
}

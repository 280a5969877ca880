/** What stands at the head of a chapter's pages on paper. */
import { partTitle } from './chapter.ts'
import { chapterName, type Page } from './model.ts'

/** A word that names a chapter in ids and style: H-200. */
export const wordFor = (page: Page) => `${page.part}-${page.number}`

/** What stands at the head of a chapter's pages on paper. `only` are the elements it is for; none: the whole document. */
export function headOf(page: Page, only = ''): string {
  const name = only ? ` ${wordFor(page)}` : ''
  const text = (words: string) => JSON.stringify(words).replace(/</g, '\\3c ')
  return (only ? `${only}{page:${wordFor(page)}}` : '')
    + `@page${name}{@top-left{content:${text(partTitle(page))}}@top-right{content:${text(`${chapterName(page)} ${page.title}`)}}}`
}

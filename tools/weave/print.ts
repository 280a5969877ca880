/** Prints the whole book into a PDF, by a browser. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Page } from 'playwright-core'
import { bookUrl } from './book-page.ts'

const paper = { preferCSSPageSize: true, printBackground: true, outline: true, tagged: true }

/**
 * Prints the book in `dist`; resolves with its number of pages. Throws where there is no browser.
 * It is printed twice, since the contents can say on which page a chapter is only after that.
 */
export async function printBook(dist: string): Promise<number> {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
  if (!existsSync(executablePath)) throw new Error(`no browser at ${executablePath}; CHROMIUM names another`)
  const { chromium } = await import('playwright-core')
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  try {
    const page = await browser.newPage()
    page.setDefaultTimeout(0)
    await page.goto(pathToFileURL(join(dist, bookUrl)).href)
    await page.evaluate(() => document.fonts.ready)
    await numberContents(page, pagesOf(await page.pdf(paper)).places)
    return pagesOf(await page.pdf({ ...paper, path: join(dist, 'book.pdf') })).count
  } finally {
    await browser.close()
  }
}

/** How many pages a PDF of Chromium's has, and on which of them its named places are. Its objects are plain text, pages in order. */
export function pagesOf(pdf: Buffer): { count: number, places: Map<string, number> } {
  const text = pdf.toString('latin1')
  const pages = [...text.matchAll(/\n(\d+) 0 obj\n<<\/Type \/Page\n/g)].map(([, object]) => object)
  const numbers = new Map(pages.map((object, i) => [object, i + 1]))
  const places = [...text.matchAll(/\/([^\s/[]+) \[(\d+) 0 R \/XYZ/g)].flatMap(([, name, object]) =>
    numbers.has(object) ? [[name, numbers.get(object)!] as const] : [])
  return { count: pages.length, places: new Map(places) }
}

/** Writes page numbers into the contents, where room is kept for them. */
export const numberContents = (page: Page, places: Map<string, number>) => page.evaluate((known) => {
  for (const place of document.querySelectorAll<HTMLElement>('.on-page')) {
    place.textContent = known[place.previousElementSibling!.getAttribute('href')!.slice(1)]?.toString() ?? ''
  }
}, Object.fromEntries(places))

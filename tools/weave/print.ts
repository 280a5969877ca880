/** Prints the whole book into a PDF, by a browser. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bookUrl } from './book-page.ts'

/** Prints the book in `dist`; resolves with its number of pages. Throws where there is no browser. */
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
    const pdf = await page.pdf({ path: join(dist, 'book.pdf'), preferCSSPageSize: true, printBackground: true, outline: true, tagged: true })
    return [...pdf.toString('latin1').matchAll(/\/Type\s*\/Page\b/g)].length
  } finally {
    await browser.close()
  }
}

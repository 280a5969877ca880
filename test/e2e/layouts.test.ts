/**
 * How pages look, held against stored pictures: a small book that holds one of everything, at four
 * widths, light and dark. With LAYOUTS=write the pictures are made anew; look at them before they are kept.
 */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { numberContents, pagesOf } from '../../tools/weave/print.ts'
import { Weaver } from '../../tools/weave/site.ts'

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
const there = existsSync(executablePath)
if (!there) console.log(`no browser at ${executablePath} (CHROMIUM names another): the layouts' tests skip`)
const pictures = new URL('./layouts/', import.meta.url).pathname
const write = process.env.LAYOUTS === 'write'

/** Share of a picture's brightness that may differ, where letters are smoothed in another manner. */
const tolerance = 0.004

/** How far two pictures are apart, from 0 to 1, seen at a quarter of their size; 1 if their sizes differ. */
async function difference(page: Page, a: Buffer, b: Buffer): Promise<number> {
  return page.evaluate(async (sources) => {
    const bitmaps = await Promise.all(sources.map(async (source) =>
      createImageBitmap(await (await fetch(`data:image/png;base64,${source}`)).blob())))
    const [one, other] = bitmaps
    if (one.width !== other.width || one.height !== other.height) return 1
    const [width, height] = [one.width >> 2, one.height >> 2]
    const [left, right] = bitmaps.map((bitmap) => {
      const context = new OffscreenCanvas(width, height).getContext('2d')!
      context.drawImage(bitmap, 0, 0, width, height)
      return context.getImageData(0, 0, width, height).data
    })
    return left.reduce((sum, value, i) => sum + Math.abs(value - right[i]), 0) / (left.length * 255)
  }, [a, b].map((picture) => picture.toString('base64')))
}

describe.skipIf(!there)('layouts', () => {
  let root: string
  let browser: Browser
  const kinds = { chapter: 'L-launcher/000-a-page.html', contents: 'contents.html', file: 'files/app/count.ts.html' }

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'layouts-'))
    cpSync(join(pictures, 'book'), root, { recursive: true })
    const { errors } = await new Weaver(root).weave(true)
    expect(errors).toEqual([])
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--font-render-hinting=none'] })
  }, 120_000)
  afterAll(async () => {
    await browser.close()
    rmSync(root, { recursive: true, force: true })
  }, 60_000)

  const open = async (path: string, width: number, colorScheme: 'light' | 'dark'): Promise<Page> => {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme, reducedMotion: 'reduce' })
    await page.goto(pathToFileURL(join(root, 'site', 'dist', path)).href)
    await page.evaluate(() => document.fonts.ready)
    return page
  }

  it.each([
    ['chapter', 360, 'light'], ['chapter', 768, 'dark'], ['chapter', 1280, 'light'], ['chapter', 1600, 'dark'],
    ['contents', 1280, 'dark'], ['file', 1280, 'light'],
  ] as const)('%s at %i, %s, looks as it did', async (kind, width, scheme) => {
    const page = await open(kinds[kind], width, scheme)
    const seen = await page.screenshot({ fullPage: true })
    const file = join(pictures, `${kind}-${width}-${scheme}.png`)
    if (write) writeFileSync(file, seen)
    expect(await difference(page, seen, readFileSync(file))).toBeLessThan(tolerance)
    await page.close()
  })

  it('prints the whole book, whose contents know the pages', async () => {
    const page = await open('book.html', 1280, 'light')
    const { count, places } = pagesOf(await page.pdf({ preferCSSPageSize: true }))
    expect([places.get('L-000'), places.get('H-200')]).toEqual([3, count]) // behind a cover and the contents
    await numberContents(page, places)
    expect(await page.locator('.on-page').allInnerTexts()).toEqual(['3', String(count)])
    await page.close()
  })

  it('tells a layout that moved from one that did not', async () => {
    const page = await open(kinds.chapter, 1280, 'light')
    const before = await page.screenshot()
    await page.addStyleTag({ content: '.text { margin-left: 0 !important }' })
    expect(await difference(page, before, await page.screenshot())).toBeGreaterThan(tolerance)
    await page.close()
  })
})

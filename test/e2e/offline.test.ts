/** The site without a network: opened once, all of it can be read, searched and run. */
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serve } from '../../tools/weave/serve.ts'
import { Weaver } from '../../tools/weave/site.ts'

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
const there = existsSync(executablePath)
if (!there) console.log(`no browser at ${executablePath} (CHROMIUM names another): the offline tests skip`)
const fixture = new URL('./layouts/book', import.meta.url).pathname

describe.skipIf(!there)('without a network', () => {
  let root: string
  let browser: Browser
  let server: { port: number, close(): void }

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'offline-'))
    cpSync(fixture, root, { recursive: true })
    await new Weaver(root).weave(true)
    server = await serve(join(root, 'site', 'dist'), 0)
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
  }, 120_000)
  afterAll(async () => {
    await browser.close()
    rmSync(root, { recursive: true, force: true })
  }, 60_000)

  it('pages that were never opened are there, with their style, and search finds', { timeout: 60_000 }, async () => {
    const page = await browser.newPage()
    const failed: string[] = []
    // Who leaves a page gives up what it was still loading; that is no failure of the network.
    page.on('requestfailed', (request) => {
      if (request.failure()?.errorText !== 'net::ERR_ABORTED') failed.push(request.url())
    })
    const at = `http://127.0.0.1:${server.port}/`
    await page.goto(at)
    await page.evaluate(async () => { await navigator.serviceWorker.ready })
    await page.waitForFunction(() => navigator.serviceWorker.controller !== null)
    server.close()
    await page.context().setOffline(true)
    await page.goto(`${at}L-launcher/000-a-page.html`)
    expect(await page.locator('h1').count()).toBe(1)
    expect(await page.evaluate(() => getComputedStyle(document.body).fontFamily)).not.toBe('')
    expect(await page.evaluate(() => document.styleSheets.length)).toBeGreaterThan(0)
    await page.keyboard.press('/')
    await page.keyboard.type('count')
    await page.locator('dialog[open] a').first().waitFor()
    await page.goto(at)
    expect(await page.locator('h1').count()).toBe(1)
    await page.goto(`${at}files/app/count.ts.html?line=1`)
    expect(await page.locator('h1').count()).toBe(1)
    expect(failed).toEqual([])
  })
})

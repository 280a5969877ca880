/** The woven site in a real browser: what the pages do by themselves. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serve } from '../../tools/weave/serve.ts'
import { Weaver } from '../../tools/weave/site.ts'

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
const project = new URL('../..', import.meta.url).pathname
const there = existsSync(executablePath)
if (!there) console.log(`no browser at ${executablePath} (CHROMIUM names another): the site's tests skip`)

describe.skipIf(!there)('the site in a browser', () => {
  let dist: string
  let server: { port: number, close(): void }
  let browser: Browser
  let page: Page
  const errors: string[] = []
  const device = '/L-launcher/000-the-device.html'
  const open = async (path: string) => { await page.goto(`http://127.0.0.1:${server.port}${path}`) }
  const title = () => page.locator('h1').innerText()

  beforeAll(async () => {
    dist = mkdtempSync(join(tmpdir(), 'site-'))
    await new Weaver(project, dist).weave()
    server = await serve(dist, 0)
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
    page = await browser.newPage({ viewport: { width: 1300, height: 900 }, colorScheme: 'light' })
    page.on('pageerror', (error) => errors.push(error.message))
    page.on('console', (message) => { if (message.type() === 'error') errors.push(message.text()) })
    page.on('requestfailed', (request) => errors.push(request.url()))
  }, 120_000)
  afterAll(async () => {
    await browser.close()
    server.close()
    rmSync(dist, { recursive: true, force: true })
  })

  it('leads from the cover into the first chapter', async () => {
    await open('/')
    await page.click('.start')
    expect(new URL(page.url()).pathname).toBe(device)
    expect(await title()).toContain('/dev/lguest')
  })

  it('turns pages with the arrow keys', async () => {
    await open(device)
    const first = await title()
    await page.keyboard.press('ArrowRight')
    await page.waitForURL((url) => url.pathname !== device)
    expect(await title()).not.toBe(first)
    await page.keyboard.press('ArrowLeft')
    await page.waitForURL((url) => url.pathname === device)
    expect(await title()).toBe(first)
  })

  it('follows a reference to its chunk, and marks where it landed', async () => {
    await open(device)
    const link = page.locator('figure .ref').first()
    const target = (await link.getAttribute('href'))!.split('#')[1]
    await link.click()
    expect(await page.locator(`figure:target`).getAttribute('id')).toBe(target)
    expect(await page.locator('figure:target').isVisible()).toBe(true)
  })

  it('is light or dark as the system is, until the reader chooses; the choice stays', async () => {
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    await open(device)
    const light = await paper()
    await page.emulateMedia({ colorScheme: 'dark' })
    const dark = await paper()
    expect(dark).not.toBe(light)
    await page.click('#theme')
    expect(await paper()).toBe(light)
    await page.reload()
    expect(await paper()).toBe(light)
    await page.emulateMedia({ colorScheme: 'light' })
    expect(await paper()).toBe(light)
  })

  it('colours code in both themes, and differently', async () => {
    await page.evaluate(() => localStorage.clear())
    await open(device)
    const colour = () => page.locator('figure code span', { hasText: 'export' }).first().evaluate((e) => getComputedStyle(e).color)
    const light = await colour()
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await colour()).not.toBe(light)
    await page.emulateMedia({ colorScheme: 'light' })
  })

  it('folds the chapter tree away on a narrow screen, and nothing sticks out', async () => {
    await page.setViewportSize({ width: 380, height: 700 })
    await open(device)
    expect(await page.locator('#chapters').isVisible()).toBe(false)
    await page.click('#menu')
    expect(await page.locator('#chapters').isVisible()).toBe(true)
    const wide = await page.evaluate(() => document.documentElement.scrollWidth)
    expect(wide).toBeLessThanOrEqual(380)
    await page.setViewportSize({ width: 1300, height: 900 })
  })

  it('reads without scripts', async () => {
    const plain = await browser.newPage({ javaScriptEnabled: false })
    await plain.goto(`http://127.0.0.1:${server.port}${device}`)
    expect(await plain.locator('main').innerText()).toContain('Three operations make the whole interface')
    await plain.click('.turns a[rel="next"]')
    expect(new URL(plain.url()).pathname).not.toBe(device)
    await plain.close()
  })

  it('complained about nothing', () => expect(errors).toEqual([]))
})

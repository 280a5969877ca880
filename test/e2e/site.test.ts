/** The woven site in a real browser: what the pages do by themselves. */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { serve } from '../../tools/weave/serve.ts'
import { wovenJourney } from '../support/woven.ts'
import { pagesOf } from '../tools/weave/links.ts'

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
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
  /** All that goes wrong in it is an error. */
  const watched = (page: Page): Page => {
    page.on('pageerror', (error) => errors.push(error.message))
    page.on('console', (message) => { if (message.type() === 'error') errors.push(message.text()) })
    // One that was cut short by the next page (net::ERR_ABORTED) is no fault of the site's.
    page.on('requestfailed', (request) => {
      if (request.failure()?.errorText !== 'net::ERR_ABORTED') errors.push(request.url())
    })
    page.on('request', (request) => { if (!/^(http:\/\/127\.0\.0\.1:|file:)/.test(request.url())) errors.push(request.url()) })
    return page
  }
  const title = () => page.locator('h1').innerText()

  beforeAll(async () => {
    ({ dist } = await wovenJourney())
    server = await serve(dist, 0)
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
    page = watched(await browser.newPage())
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  }, 700_000)
  beforeEach(async () => {
    await page.setViewportSize({ width: 1300, height: 900 })
    await page.emulateMedia({ media: 'screen', colorScheme: 'light' })
  })
  afterAll(async () => {
    await browser.close()
    server.close()
  }, 60_000)

  it('leads from the cover into the first chapter', async () => {
    await open('/')
    await page.click('.door.start')
    expect(new URL(page.url()).pathname).toBe('/B-before/000-before-we-start.html')
    expect(await title()).toContain('Before we start')
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

  it('shows the chapter in its tree, and begins at the top of the page or where the address says', async () => {
    await open('/G-guest/800-what-things-cost.html')
    expect(await page.evaluate(() => scrollY)).toBe(0)
    const seen = await page.evaluate(() => {
      const tree = document.getElementById('chapters')!.getBoundingClientRect()
      const { top, bottom } = document.querySelector('#chapters [aria-current]')!.getBoundingClientRect()
      return top >= tree.top && bottom <= Math.min(tree.bottom, innerHeight)
    })
    expect(seen).toBe(true)
    await open('/E-emulator/950-modrm-and-sib.html#e-952')
    const { top } = await page.locator('#e-952').evaluate((e) => e.getBoundingClientRect())
    expect(top).toBeGreaterThan(0)
    expect(top).toBeLessThan(200)
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
    await page.evaluate(() => localStorage.clear())
  })

  it('colours code in both themes, and differently', async () => {
    await open(device)
    const colour = () => page.locator('figure code span', { hasText: 'export' }).first().evaluate((e) => getComputedStyle(e).color)
    const light = await colour()
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await colour()).not.toBe(light)
  })

  it.each([true, false])('opens the chapters on a phone at any scroll position, with script: %s', async (javaScriptEnabled) => {
    const phone = await browser.newPage({ viewport: { width: 380, height: 700 }, javaScriptEnabled })
    await phone.goto(`http://127.0.0.1:${server.port}${device}#l-040`)
    expect(await phone.locator('#chapters').isVisible()).toBe(false)
    await phone.click('#menu')
    const { top, bottom } = (await phone.locator('#chapters [aria-current="page"]').evaluate((e) => e.getBoundingClientRect()))
    expect(top).toBeGreaterThanOrEqual(0)
    expect(bottom).toBeLessThanOrEqual(700)
    await phone.close()
  })

  it('lets nothing stick out, however wide the screen is', async () => {
    await open(device)
    for (let width = 320; width <= 1520; width += 40) {
      await page.setViewportSize({ width, height: 700 })
      const wide = await page.evaluate(() => document.documentElement.scrollWidth)
      expect(wide, `at ${width}`).toBeLessThanOrEqual(width)
    }
  })

  it('offers code to copy, as it is tangled', async () => {
    await open(device)
    const figure = page.locator('figure.code').first()
    await figure.locator('.copy').click()
    const copied = await page.evaluate(() => navigator.clipboard.readText())
    expect(copied).toBe(await figure.locator('code > .l').allTextContents().then((lines) => lines.join('')))
    expect(await page.locator('figure.picture .copy').count()).toBe(0)
  })

  it('skips to the text with the first key, and shows where the keyboard is', async () => {
    await open(device)
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement!.className)).toBe('skip')
    expect(await page.locator('.skip').evaluate((e) => e.getBoundingClientRect().left)).toBeGreaterThanOrEqual(0)
    expect(await page.locator('.skip').evaluate((e) => getComputedStyle(e).outlineStyle)).toBe('solid')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement!.closest('main') !== null)).toBe(true)
  })

  it('puts notes into the margin where there is one, and prints dark pages light', async () => {
    await page.setViewportSize({ width: 1600, height: 900 })
    await open('/S-switcher/100-the-switcher.html')
    const edge = (selector: string) => page.locator(selector).first().evaluate((e) => e.getBoundingClientRect())
    expect((await edge('.margin-note')).left).toBeGreaterThan((await edge('.text > p')).right)
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
    expect(await page.evaluate(() => getComputedStyle(document.body).color)).toBe('rgb(0, 0, 0)')
    expect(await page.locator('figure.code').first().evaluate((e) => getComputedStyle(e.querySelector('pre')!).backgroundColor))
      .toBe('rgb(245, 242, 234)')
  })

  it('fits a phone on every page, wide things scrolling by themselves', { timeout: 240_000 }, async () => {
    await page.setViewportSize({ width: 390, height: 844 })
    const [, ...others] = pagesOf(dist).filter((path) => path.startsWith('files/'))
    const moved = (path: string) => readFileSync(join(dist, path), 'utf8').includes('http-equiv="refresh"')
    for (const path of pagesOf(dist).filter((path) => !others.includes(path) && !moved(path))) {
      await open(`/${path}`)
      expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(390)
    }
  })

  it('on a phone shows the list of chapters where one is, at the chapter, and all of it, with scripts or without', async () => {
    for (const javaScriptEnabled of [true, false]) {
      const phone = await browser.newPage({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, javaScriptEnabled })
      for (const path of ['/E-emulator/750-sines-and-logarithms.html', '/M-mastery/400-recipes.html', '/files/launcher/run.ts.html']) {
        await phone.goto(`http://127.0.0.1:${server.port}${path}`)
        await phone.mouse.wheel(0, 9000)
        await phone.locator('#menu').tap()
        const list = (await phone.locator('#chapters').boundingBox())!
        expect(list.y, path).toBeGreaterThan(0)
        expect(list.y + list.height, path).toBeLessThanOrEqual(844)
        if (javaScriptEnabled) {
          const here = (await phone.locator('#chapters [aria-current="page"]').boundingBox())!
          expect([here.y >= list.y, here.y + here.height <= 844], path).toEqual([true, true])
        }
        await phone.locator('#chapters a').last().scrollIntoViewIfNeeded()
        expect((await phone.locator('#chapters a').last().boundingBox())!.y, path).toBeLessThan(844)
        expect(await phone.locator('button.needs-script:visible').count(), path).toBe(javaScriptEnabled ? 2 : 0)
      }
      await phone.close()
    }
  })

  // Each page is opened once and looked at light at one width and dark at another, in turn; one page of each kind,
  // and with AXE=all every page, is opened anew for each of the six ways. Code takes axe most of its time and has the
  // same colours everywhere: it is looked at on the samples. Of the names, three letters stand for the alphabet.
  it('passes the accessibility checks of axe on every page, at three widths, light and dark', { timeout: 3_600_000 }, async () => {
    const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
    const ways = [360, 768, 1300].flatMap((width) => (['light', 'dark'] as const).map((colorScheme) => ({ width, colorScheme })))
    const [ofFiles, others] = [true, false].map((wanted) => pagesOf(dist).filter((path) => path.startsWith('files/') === wanted))
    const moved = (path: string) => readFileSync(join(dist, path), 'utf8').includes('http-equiv="refresh"')
    // The whole files are all made alike: one of each folder stands for the others.
    const files = ofFiles.filter((path, i) => dirname(path) !== dirname(ofFiles[i - 1] ?? ''))
    const pages = [...others.filter((path) => !moved(path) && path !== 'book.html'), ...files]
    const samples = ['S-switcher/100-the-switcher.html', 'files/switcher/code.ts.html', ...others.filter((path) => !path.includes('/') && pages.includes(path))]
    const look = async (view: Page, where: string, exclude: string[][]): Promise<string[]> => view.evaluate(async ([where, exclude]) => {
      const { violations } = await (globalThis as any).axe.run({ exclude }, { resultTypes: ['violations'] })
      return violations.map((v: any) => `${where}: ${v.id}: ${v.nodes.map((n: any) => n.html.slice(0, 80)).join(' ')}`)
    }, [where, exclude] as const)
    const found: string[] = []
    const examine = async (view: Page, path: string, i: number): Promise<void> => {
      const every = process.env.AXE === 'all' || samples.includes(path)
      const exclude = [...every ? [] : [['figure.code pre']], ...path === 'names.html' ? [['main section:nth-of-type(n + 4)']] : []]
      for (const [n, { width, colorScheme }] of (every ? ways : [ways[i % ways.length], ways[(i + 3) % ways.length]]).entries()) {
        await view.setViewportSize({ width, height: 900 })
        await view.emulateMedia({ colorScheme })
        if (n === 0 || every) {
          await view.goto(`http://127.0.0.1:${server.port}/${path}`)
          await view.evaluate(axe)
        }
        await view.evaluate(() => new Promise(requestAnimationFrame))
        found.push(...await look(view, `${path} at ${width}, ${colorScheme}`, exclude))
      }
    }
    const queue = [...pages.entries()]
    await Promise.all([0, 1].map(async () => {
      const view = watched(await browser.newPage())
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) await examine(view, next[1], next[0])
      await view.close()
    }))
    expect(found).toEqual([])
  })

  it('leads from a block to its place in the whole file, and back', async () => {
    await open('/S-switcher/100-the-switcher.html')
    const figure = page.locator('#chunk-switcher-the-way-in-2')
    const code = (await figure.locator('code > .l').first().innerText()).trim()
    await figure.locator('.file').click()
    expect(await title()).toBe('switcher/code.ts')
    const piece = page.locator('section:target')
    const first = (text: string) => text.split('\n').find((line) => line.trim())!.trim()
    expect(first(await piece.locator('code').innerText())).toBe(code)
    await piece.locator('> a').click()
    expect(await page.locator('figure:target').getAttribute('id')).toBe('chunk-switcher-the-way-in-2')
  })

  it('leads to a line of a file, by its own address and by ?line=', async () => {
    await open('/files/switcher/code.ts.html?line=40')
    await page.waitForURL(/#L40$/)
    expect(await page.locator('.l:target').getAttribute('id')).toBe('L40')
    expect(await page.locator('.l:target').evaluate((e) => e.getBoundingClientRect().top)).toBeGreaterThan(0)
  })

  it('shows the lines around a block on demand, and copies without them', async () => {
    await open('/S-switcher/100-the-switcher.html')
    const figure = page.locator('#chunk-switcher-the-way-in-2')
    expect(await figure.locator('.around').first().isVisible()).toBe(false)
    await figure.getByRole('button', { name: 'context' }).click()
    expect(await figure.locator('.around').first().isVisible()).toBe(true)
    expect(await figure.locator('.around .l').count()).toBe(6)
    await figure.locator('.copy').click()
    const copied = await page.evaluate(() => navigator.clipboard.readText())
    await figure.getByRole('button', { name: 'context' }).click()
    expect(copied).not.toContain(await figure.locator('.around .l').first().textContent())
  })

  it('shows it over all blocks and on the next page, until it is wanted no more; the pressed one does not move', async () => {
    const page = watched(await browser.newPage({ viewport: { width: 1300, height: 900 } }))
    const open = async (path: string) => { await page.goto(`http://127.0.0.1:${server.port}${path}`) }
    await open('/S-switcher/100-the-switcher.html')
    const pressed = page.locator('figure.code:has(.around)').nth(3).getByRole('button', { name: 'context' })
    await pressed.scrollIntoViewIfNeeded()
    const { y } = (await pressed.boundingBox())!
    const shown = () => page.locator('figure.code:has(.around):not(.in-context)').count().then((count) => count === 0)
    await pressed.click()
    expect(await shown()).toBe(true)
    expect(Math.abs((await pressed.boundingBox())!.y - y)).toBeLessThan(2)
    await open('/H-host/330-a-page-fault.html')
    expect(await shown()).toBe(true)
    await page.locator('figure.code').getByRole('button', { name: 'context' }).first().click()
    expect(await page.locator('figure.in-context').count()).toBe(0)
    await page.close()
  })

  it('searches tags, names and text, from the key to the page', async () => {
    await open(device)
    await page.keyboard.press('/')
    const hits = page.locator('.search .hits a')
    await page.keyboard.type('h:205')
    await hits.first().waitFor()
    expect(await hits.first().innerText()).toContain('H:205')
    await page.locator('.search input').fill('tryDeliverInterrupt')
    await page.locator('.hits b', { hasText: /^tryDeliverInterrupt$/ }).waitFor()
    await page.locator('.search input').fill('the stack of the Guest is forged')
    await page.locator('.hits mark').first().waitFor()
    await page.locator('.search input').fill('H:205')
    await page.locator('.hits b', { hasText: /^H:205$/ }).waitFor()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.waitForURL(/200-interrupts-and-traps.html#h-205$/)
  })

  it('previews a tag that is pointed at', async () => {
    await open('/H-host/200-interrupts-and-traps.html')
    await page.locator('.text a[data-tag="H:010"]').first().hover()
    await page.locator('.preview', { hasText: 'H:010' }).waitFor()
  })

  it.each(['/H-host/030-the-run-loop.html', '/files/host/core.ts.html'])('tells what a name in the code is, and leads to its definition: %s', async (path) => {
    await open(path)
    const name = page.locator('pre code > .l', { hasText: /^\s*tryDeliverInterrupt\(cpu\)\s*$/ }).first()
    await name.scrollIntoViewIfNeeded()
    await name.locator('span', { hasText: 'tryDeliverInterrupt' }).hover()
    const card = page.locator('.preview', { hasText: 'function tryDeliverInterrupt(cpu: LgCpu): void' })
    await card.waitFor()
    await card.locator('a').click()
    await page.waitForURL(/200-interrupts-and-traps.html#/)
    expect(await page.locator('figure:target').innerText()).toContain('function tryDeliverInterrupt')
  })

  it('lists names with where they are told and who uses them', async () => {
    await open('/names.html')
    const entry = page.locator('.names > div', { hasText: /^tryDeliverInterrupt/ })
    expect(await entry.textContent()).toMatch(/function, H:205, host\/interrupts-and-traps.ts\s+used in .*H:030/)
  })

  it('leaves arrows alone while text is being selected', async () => {
    await open(device)
    await page.keyboard.press('Shift+ArrowRight')
    await page.keyboard.press('Control+ArrowRight')
    await page.waitForTimeout(300)
    expect(new URL(page.url()).pathname).toBe(device)
  })

  it('tells its keys', async () => {
    await open(device)
    await page.keyboard.press('?')
    expect(await page.locator('dialog.keys').isVisible()).toBe(true)
    await page.keyboard.press('Escape')
    expect(await page.locator('dialog.keys').isVisible()).toBe(false)
  })

  it('marks the section that is read, scrolling down and up', async () => {
    await open('/H-host/200-interrupts-and-traps.html')
    const marked = async (id: string) => {
      await page.locator(`#${id}`).evaluate((e) => scrollTo(0, e.getBoundingClientRect().top + scrollY - 100))
      await page.waitForTimeout(100)
      return page.locator('.sections a.now').getAttribute('href')
    }
    expect(await marked('h-210')).toBe('#h-210')
    await page.evaluate(() => scrollBy(0, -400))
    await page.waitForTimeout(100)
    expect(await page.locator('.sections a.now').getAttribute('href')).toBe('#h-205')
  })

  it('leads from addresses of old to where a chapter is now', async () => {
    await open('/P-preparation/1410-encodings.html')
    await page.waitForURL((url) => url.pathname === '/E-emulator/310-encodings.html')
    await open('/P-preparation/2010-modrm-and-sib.html#p-2012')
    await page.waitForURL((url) => url.pathname + url.hash === '/E-emulator/950-modrm-and-sib.html#e-952')
  })

  it('reads from a file, too', async () => {
    await page.goto(pathToFileURL(join(dist, 'index.html')).href)
    await page.click('.door.start')
    await page.click('.turns a[rel="next"]')
    expect(await title()).toContain('/dev/lguest')
    expect(await page.locator('figure.code pre').first().evaluate((e) => getComputedStyle(e).backgroundColor)).toBe('rgb(245, 242, 234)')
  })

  it('reads without scripts', async () => {
    const plain = await browser.newPage({ javaScriptEnabled: false })
    await plain.goto(`http://127.0.0.1:${server.port}${device}`)
    expect(await plain.locator('main').innerText()).toContain('The device')
    await plain.click('.turns a[rel="next"]')
    expect(new URL(plain.url()).pathname).not.toBe(device)
    await plain.close()
  })

  it('complained about nothing, and asked nobody else for anything', () => expect(errors).toEqual([]))
})

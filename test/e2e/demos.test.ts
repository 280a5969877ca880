/** Guests on the pages, in a real browser: each demo runs as its fence says. */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serve } from '../../tools/weave/serve.ts'
import { wovenJourney } from '../support/woven.ts'
import { pagesOf } from '../tools/weave/links.ts'

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
const there = existsSync(executablePath)
/** What a reader might bring: the kernels of `npm run test:linux`. */
const kernels = (process.env.LGUEST_LINUX_KERNELS ?? '').split(':').filter(Boolean)
const initrd = process.env.LGUEST_LINUX_INITRD ?? ''
if (!there) console.log(`no browser at ${executablePath} (CHROMIUM names another): the demos' tests skip`)

const told = '/D-devices/400-the-launcher-in-a-page.html'
const patience = 30_000
const pagesWithFigures = [
  'H-host/330-a-page-fault.html', 'S-switcher/100-the-switcher.html', 'H-host/200-interrupts-and-traps.html',
  'H-host/300-shadow-page-tables.html', 'L-launcher/370-sending.html', 'E-emulator/885-regions.html',
  'G-guest/100-the-first-instructions.html', 'G-guest/780-instruments.html', 'D-devices/000-virtqueues.html',
]

describe.skipIf(!there)('Guests in a browser', () => {
  let dist: string
  let server: { port: number, close(): void }
  let browser: Browser
  let page: Page
  const errors: string[] = []
  const open = (path: string) => page.goto(`http://127.0.0.1:${server.port}${path}`)
  const text = (guest: Locator): Promise<string> => guest.evaluate((e: any) => e.text)
  const until = async (guest: Locator, holds: (text: string) => boolean, what: string) => {
    const end = Date.now() + patience
    for (let seen = ''; !holds(seen); seen = await text(guest)) {
      if (Date.now() > end) throw new Error(`no ${what} in: ${JSON.stringify(seen)}`)
      await page.waitForTimeout(50)
    }
  }
  const atPrompt = (seen: string) => seen.endsWith('\npuppy>')
  const start = async (guest: Locator) => {
    await guest.scrollIntoViewIfNeeded()
    const byItself = await guest.getAttribute('eager') !== null // as on the home page, once it is seen
    if (!byItself) await guest.locator('.start').click()
  }

  beforeAll(async () => {
    const woven = await wovenJourney()
    dist = woven.dist
    expect(woven.errors).toEqual([])
    server = await serve(dist, 0)
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
    page = await browser.newPage({ viewport: { width: 1300, height: 900 }, colorScheme: 'light' })
    page.on('pageerror', (error) => errors.push(error.message))
    page.on('console', (message) => { if (message.type() === 'error') errors.push(message.text()) })
    page.on('request', (request) => { if (!/^(http:\/\/127\.0\.0\.1:|data:)/.test(request.url())) errors.push(request.url()) })
  }, 700_000)
  afterAll(async () => {
    await browser.close()
    server.close()
  }, 60_000)

  it('run each demo of the book to the end that its fence tells', { timeout: 900_000 }, async () => {
    // The page to print has no scripts: there the transcripts stay what they are. A reader's own kernel is no demo.
    const pages = pagesOf(dist).filter((path) => path !== 'book.html' && /<lguest-guest [^>]*order=/.test(readFileSync(join(dist, path), 'utf8')))
    expect(pages.length).toBeGreaterThanOrEqual(25)
    expect(pages).toContain('index.html')
    for (const path of pages) {
      await open(`/${path}`)
      const guests = page.locator('lguest-guest')
      for (let i = 0; i < await guests.count(); i++) {
        const guest = guests.nth(i)
        const byAnother = await guest.evaluate((e) => e.classList.contains('running') && !e.hasAttribute('eager'))
        if (byAnother) await guest.locator('button', { hasText: 'Stop' }).click()
        const recorded = await text(guest)
        const typed = recorded.split('\n').filter((line) => /^puppy> ./.test(line))
        const death = /^lguest: /m.test(recorded)
        const halts = (await guest.getAttribute('order'))?.includes('"kernel"') // no Puppy: it says its lines, and ends
        await start(guest)
        if (halts) {
          await guest.locator('.status', { hasText: 'It powered off' }).waitFor()
          expect(await text(guest)).toBe(recorded)
          continue
        }
        await until(guest, (seen) => typed.every((line) => seen.includes(line))
          && (death ? seen.includes('\nlguest: ') : atPrompt(seen)), `end of ${path}`)
        if (!death) await guest.locator('button', { hasText: 'Stop' }).click()
        await guest.locator('.start').waitFor()
      }
    }
  })

  it('ping each other, two on a page, each in its own thread', async () => {
    await open('/G-guest/770-who-is-there.html')
    const [one, two] = [0, 1].map((i) => page.locator('lguest-pair lguest-guest').nth(i))
    await page.locator('lguest-pair .screen code').evaluateAll((all) => { for (const screen of all) screen.textContent = '' })
    await start(one)
    await until(one, (seen) => seen.includes('\n4 sent, 4 answered\n') && atPrompt(seen), 'answers')
    expect(page.workers().length).toBe(2)
    await two.locator('.tty').click()
    await page.keyboard.type('ping 10.0.0.1 2\n')
    await until(two, (seen) => seen.includes('\n2 sent, 2 answered\n') && atPrompt(seen), 'answers the other way')
    await one.locator('button', { hasText: 'Reset' }).click()
    await until(one, (seen) => seen.includes('\n4 sent, 4 answered\n') && atPrompt(seen), 'answers after a reset')
    await two.locator('button', { hasText: 'Stop' }).click()
    await one.locator('.tty').click()
    await page.keyboard.type('ping 10.0.0.2 1\n')
    await until(one, (seen) => /no answer|nobody/.test(seen) && atPrompt(seen), 'silence')
  })

  it('answer what is typed, and say how they ended', async () => {
    await open(told)
    const guest = page.locator('lguest-guest').first()
    await start(guest)
    await until(guest, atPrompt, 'prompt')
    await page.keyboard.type('echo typed by hand\n')
    await until(guest, (seen) => seen.includes('\ntyped by hand\n') && atPrompt(seen), 'answer')
    await page.keyboard.type('halt\n')
    await guest.locator('.start').waitFor()
    expect(await guest.locator('.status').innerText()).toBe('It powered off')
    expect(await text(guest)).toContain('typed by hand')
  })

  it('let the keyboard go after Esc and Tab', async () => {
    await open(told)
    const guest = page.locator('lguest-guest').first()
    await start(guest)
    await until(guest, atPrompt, 'prompt')
    const inside = () => page.evaluate(() => document.activeElement!.closest('.tty') !== null)
    await page.keyboard.press('Tab')
    expect(await inside()).toBe(true)
    await page.keyboard.press('Escape')
    await page.keyboard.press('Tab')
    expect(await inside()).toBe(false)
  })

  it('stand still while nobody looks', async () => {
    await open(told)
    const guest = page.locator('lguest-guest').first()
    await start(guest)
    await until(guest, atPrompt, 'prompt')
    const uptime = async (nth: number) => {
      await guest.locator('.tty').click()
      await page.keyboard.type('uptime\n')
      const all = async () => [...(await text(guest)).matchAll(/^up ([\d.]+) seconds/gm)]
      await until(guest, (seen) => (seen.match(/^up /gm) ?? []).length > nth && atPrompt(seen), 'uptime')
      return Number((await all())[nth][1])
    }
    const before = await uptime(0)
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight))
    await page.waitForTimeout(6000)
    await guest.scrollIntoViewIfNeeded()
    expect(await uptime(1) - before).toBeLessThan(5)
  })

  it('give everything back: ten starts and stops leave what the second left', { timeout: 240_000 }, async () => {
    await open(told)
    const guest = page.locator('lguest-guest').first()
    const debug = await page.context().newCDPSession(page)
    await debug.send('Performance.enable')
    const left = async () => {
      await debug.send('HeapProfiler.collectGarbage')
      const { metrics } = await debug.send('Performance.getMetrics')
      const of = (name: string) => metrics.find((metric) => metric.name === name)!.value
      return { nodes: of('Nodes'), listeners: of('JSEventListeners'), heap: of('JSHeapUsedSize') }
    }
    const states = []
    for (let i = 0; i < 10; i++) {
      await start(guest)
      await until(guest, atPrompt, 'prompt')
      await guest.locator('button', { hasText: 'Stop' }).click()
      await guest.locator('.start').waitFor()
      await expect.poll(() => page.workers()).toEqual([])
      states.push(await left())
    }
    const [second, last] = [states[1], states[9]]
    expect(last.nodes - second.nodes).toBeLessThan(50)
    expect(last.listeners - second.listeners).toBeLessThan(10)
    expect(last.heap - second.heap).toBeLessThan(2e6)
  })

  it.each(['light', 'dark'] as const)('pass the accessibility checks of axe at rest and at work, %s', { timeout: 120_000 }, async (colorScheme) => {
    await page.emulateMedia({ colorScheme })
    await open(told)
    await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'))
    const violations = () => page.evaluate(async () => {
      const { violations } = await (globalThis as any).axe.run('lguest-guest')
      return violations.map((v: any) => `${v.id}: ${v.nodes.map((n: any) => n.html.slice(0, 80)).join(' ')}`)
    })
    expect(await violations()).toEqual([])
    const guest = page.locator('lguest-guest').last()
    await start(guest)
    await until(guest, atPrompt, 'prompt')
    expect(await violations()).toEqual([])
    await page.emulateMedia({ colorScheme: 'light' })
  })

  it('fit a phone, and bring the keys it lacks', async () => {
    const phone = await browser.newPage({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true })
    await phone.goto(`http://127.0.0.1:${server.port}${told}`)
    const guest = phone.locator('lguest-guest').first()
    await guest.locator('.start').tap()
    await guest.locator('.keys').waitFor()
    await phone.waitForFunction(() => (document.querySelector('lguest-guest') as any).text.endsWith('puppy>'))
    expect(await phone.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360)
    await guest.getByRole('button', { name: 'Up' }).tap()
    await phone.waitForFunction(() => (document.querySelector('lguest-guest') as any).text.endsWith('puppy> ps'))
    await guest.getByRole('button', { name: 'Ctrl' }).tap()
    await phone.keyboard.type('c')
    await phone.waitForFunction(() => (document.querySelector('lguest-guest') as any).text.endsWith('puppy>'))
    await phone.close()
  })

  it('need no sideways scrolling on a phone: neither do figures, nor whole files', async () => {
    const phone = await browser.newPage({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true })
    for (const path of [...pagesWithFigures, 'files/host/core.ts.html']) {
      await phone.goto(`http://127.0.0.1:${server.port}/${path}`)
      const wide = await phone.locator('lguest-figure .scroll, lguest-guest pre, .whole pre').evaluateAll((all) =>
        all.filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.textContent.slice(0, 60)))
      expect(wide, path).toEqual([])
    }
    await phone.goto(`http://127.0.0.1:${server.port}/${pagesWithFigures[0]}`)
    const figure = phone.locator('lguest-figure')
    await figure.getByRole('button', { name: 'Step on' }).tap()
    expect(await figure.locator('tbody tr:visible').count()).toBe(2)
    expect(await figure.locator('tr.now td').first().evaluate((cell) => getComputedStyle(cell, '::before').content)).toBe('"address"')
    await phone.close()
  })

  it.each(pagesWithFigures)('go through the figure of %s by button and by key, and say each step in words', async (path) => {
    await open(`/${path}`)
    const figure = page.locator('lguest-figure')
    const rows = figure.locator('tbody tr')
    const words = () => figure.locator('.words').innerText()
    const now = () => rows.evaluateAll((all) => all.findIndex((row) => row.classList.contains('now')))
    expect(await now()).toBe(0)
    await figure.getByRole('button', { name: 'Step on' }).click()
    expect(await now()).toBe(1)
    const second = await words()
    await page.keyboard.press('ArrowRight')
    expect(await now()).toBe(2)
    expect(await words()).not.toBe(second)
    await page.keyboard.press('ArrowLeft')
    expect(await words()).toBe(second)
    expect(new URL(page.url()).pathname).toBe(`/${path}`)
    for (let i = await rows.count(); i > 0; i--) await page.keyboard.press('ArrowRight')
    expect(await now()).toBe(await rows.count() - 1)
    expect(await rows.last().isVisible()).toBe(true)
    expect(await figure.locator('ol li').count()).toBe(await rows.count())
    await page.emulateMedia({ media: 'print' })
    expect(await rows.last().locator('td').first().evaluate((cell) => getComputedStyle(cell).visibility)).toBe('visible')
    await page.emulateMedia({ media: 'screen' })
  })

  it('look at a boot more closely, by button and by key, around the step that is read', async () => {
    await open('/G-guest/100-the-first-instructions.html')
    const figure = page.locator('lguest-figure')
    const ticks = figure.locator('.strip i')
    const span = () => figure.locator('.strip output').innerText()
    const [all, whole] = [await ticks.count(), await span()]
    expect(all).toBe(await figure.locator('tbody tr').count())
    await ticks.last().click()
    expect(await figure.locator('tbody tr').last().getAttribute('class')).toContain('now')
    await figure.getByRole('button', { name: 'Zoom in' }).click()
    expect(await span()).not.toBe(whole)
    await page.keyboard.press('+')
    expect(await ticks.count()).toBeLessThan(all)
    expect(await figure.locator('.strip i.now').count()).toBe(1)
    await page.keyboard.press('-')
    await figure.getByRole('button', { name: 'Zoom out' }).click()
    expect([await ticks.count(), await span()]).toEqual([all, whole])
  })

  it.each(pagesWithFigures)('draw the figure of %s live, from the Guest in the page', async (path) => {
    await open(`/${path}`)
    const guest = page.locator('lguest-guest', { has: page.locator('lguest-figure') })
    const rows = guest.locator('tbody tr')
    const columns = await guest.locator('thead tr > *').count()
    await guest.locator('tbody').evaluate((body) => { body.innerHTML = '<tr><td>old</td></tr>' })
    await start(guest)
    const alone = path.startsWith('D-devices') // its Guest has no prompt
    if (alone) await guest.locator('.status', { hasText: 'It powered off' }).waitFor()
    else await until(guest, atPrompt, 'prompt')
    await page.waitForFunction(() => !document.querySelector('lguest-figure tbody')!.textContent.startsWith('old'))
    expect(await rows.count()).toBeGreaterThan(2)
    expect(await rows.first().locator('td').count()).toBe(columns)
    if (path.startsWith('S-switcher')) expect(await rows.first().locator('td').nth(1).innerText()).toBe('push es')
    if (!alone) await guest.locator('button', { hasText: 'Stop' }).click()
  })

  it('keep a disk over a reload, and say in a line that a file is no kernel', async () => {
    await open('/kernel.html')
    const disk = page.locator('.disk output')
    await page.fill('[name=size]', '3')
    await page.click('[name=make]')
    await page.waitForFunction(() => document.querySelector('.disk output')!.textContent!.startsWith('3.0 MB'))
    await page.setInputFiles('[name=image]', { name: 'image', mimeType: 'application/octet-stream', buffer: Buffer.from('on the disk') })
    await page.click('[name=fill]')
    await page.waitForFunction(() => document.querySelector('.disk output')!.textContent!.startsWith('0.0 MB'))
    await page.reload()
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('[name=fetch]')])
    expect(readFileSync((await download.path())!, 'utf8')).toBe('on the disk')
    await page.setInputFiles('[name=kernel]', { name: 'none', mimeType: 'text/plain', buffer: Buffer.from('no kernel at all') })
    await page.click('.boot')
    await until(page.locator('lguest-guest').first(), (seen) => seen.includes('lguest: '), 'complaint')
    await page.click('[name=drop]')
    await page.waitForFunction(() => document.querySelector('.disk output')!.textContent === 'none yet')
    expect(await disk.innerText()).toBe('none yet')
  })

  it.skipIf(kernels.length === 0).each(kernels)('boot a kernel of the reader, with a disk that stays: %s', { timeout: 180_000 }, async (kernel) => {
    const guest = page.locator('lguest-guest').first()
    // What the kernel has to say may come behind the prompt, which then waits all the same.
    const quiet = (seen: string) => seen.replace(/Switched to clocksource \w+\n?/g, '')
    const shell = (seen: string) => /# ?$/.test(quiet(seen))
    const boot = async () => {
      await page.setInputFiles('[name=kernel]', kernel)
      await page.setInputFiles('[name=initrd]', initrd)
      await page.click('.boot')
      await until(guest, shell, `shell of ${kernel}`)
    }
    const ask = async (words: string, answer: string) => {
      await page.keyboard.type(`${words}\n`)
      await until(guest, (seen) => quiet(seen).includes(`\n${answer}`) && shell(seen), `'${answer}' after '${words}'`)
    }
    /** An initial RAM disk may bring the names of both kinds of disk: the one that can be read is there. */
    const disk = 'D=$(for d in /dev/vda /dev/lgba; do head -c 1 $d >/dev/null 2>&1 && echo $d; done)'
    await open('/kernel.html')
    await page.fill('[name=size]', '1')
    await page.click('[name=make]')
    await page.waitForFunction(() => document.querySelector('.disk output')!.textContent!.startsWith('1.0 MB'))
    await page.check('[name=timeline]')
    await boot()
    await page.waitForFunction(() => document.querySelectorAll('lguest-figure tbody tr').length > 10)
    await page.locator('lguest-figure').getByRole('button', { name: 'Step on' }).click()
    expect(await page.locator('lguest-figure .words').innerText()).toMatch(/^2 of \d+\. After [\d,]+ instructions: /)
    await guest.locator('.tty').click()
    await ask('cat /proc/partitions', 'major')
    await ask(`${disk}; echo on the disk of a page > $D; sync; echo wrote $?`, 'wrote 0')
    await page.reload()
    await boot()
    await ask(`${disk}; head -c 21 $D`, 'on the disk of a page')
    await page.click('[name=drop]')
  })

  it('weigh no more, with the terminal, than they did', async () => {
    const { brotliCompressSync } = await import('node:zlib')
    const parts = (file: string): string[] =>
      [file, ...[...readFileSync(join(dist, file), 'utf8').matchAll(/(?:from|import)\s*"\.\/([^"]+)"/g)].flatMap(([, part]) => parts(`guest/${part}`))]
    const weigh = (...files: string[]) => [...new Set(files.flatMap(parts))]
      .reduce((sum, file) => sum + brotliCompressSync(readFileSync(join(dist, file))).length, 0)
    expect(parts('guest/worker.js').length).toBeGreaterThan(1)
    // The design asks for 180,000; what hot code, counting and devices need comes by itself.
    expect(weigh('guest.js', 'guest/terminal.js', 'guest/worker.js')).toBeLessThan(178_000)
    expect(weigh('guest.js')).toBeLessThan(6000)
  })

  it('complained about nothing, and asked nobody else for anything', () => expect(errors).toEqual([]))
})

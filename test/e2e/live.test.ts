/** The loop of someone who writes: a save is seen in the open page, a mistake in its banner. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Live } from '../../tools/weave/live.ts'
import { reweave, serve } from '../../tools/weave/serve.ts'
import { Weaver } from '../../tools/weave/site.ts'

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
const there = existsSync(executablePath)
if (!there) console.log(`no browser at ${executablePath} (CHROMIUM names another): the live tests skip`)
const fixture = new URL('./layouts/book', import.meta.url).pathname

describe.skipIf(!there)('while someone writes', () => {
  let root: string
  let browser: Browser
  const ends: (() => void)[] = []
  let port: number
  const chapter = () => join(root, 'journey/L-launcher/000-a-page.md')
  const edit = (from: string, to: string) => writeFileSync(chapter(), readFileSync(chapter(), 'utf8').replace(from, to))

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'live-'))
    cpSync(fixture, root, { recursive: true })
    const weaver = new Weaver(root, undefined, true)
    const live = new Live()
    live.tell(await weaver.weave())
    const server = await serve(join(root, 'site', 'dist'), 0, live)
    weaver.onSaved = (weave) => live.tell(weave)
    port = server.port
    ends.push(() => server.close(), reweave(root, weaver, (_, weave) => live.tell(weave)))
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
  }, 120_000)
  afterAll(async () => {
    await browser.close()
    for (const end of ends) end()
    rmSync(root, { recursive: true, force: true })
  }, 60_000)

  it('reloads the page that changed, where it was, and shows mistakes until they are mended', { timeout: 60_000 }, async () => {
    const page = await browser.newPage({ viewport: { width: 800, height: 400 } })
    await page.goto(`http://localhost:${port}/L-launcher/000-a-page.html`)
    await page.evaluate(() => scrollTo(0, 500))
    edit('Prose runs', 'Prose walks')
    await page.locator('p', { hasText: 'Prose walks' }).waitFor()
    await page.waitForFunction(() => scrollY === 500)
    edit('{#fill-the-list}', '{#fill-a-list}')
    const banner = page.locator('#errors')
    await banner.waitFor()
    expect(await banner.innerText()).toMatch(/journey\/L-launcher\/000-a-page.md:\d+:\d+ .*Fill the list.* is not defined/)
    edit('{#fill-a-list}', '{#fill-the-list}')
    await banner.waitFor({ state: 'detached' })
    await page.close()
  })
})

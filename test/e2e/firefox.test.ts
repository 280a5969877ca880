/**
 * Guests on the pages, in a browser of another make: it is given a page that presses Start in a
 * chapter and sends home what is seen there, so that it need not be driven.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { watchedSite } from './watched-site.ts'

const firefox = process.env.FIREFOX ?? '/usr/bin/firefox-esr'
const there = existsSync(firefox)
if (!there) console.log(`no browser at ${firefox} (FIREFOX names another): the site is not tested in Firefox`)

const chapter = 'H-host/330-a-page-fault.html'

/** Runs in the browser: what a reader does, and what is seen. */
const asker = `<!doctype html><iframe src="/${chapter}" style="width:1200px;height:900px"></iframe><script>
const pause = () => new Promise((resolve) => setTimeout(resolve, 100))
const frame = document.querySelector('iframe')
frame.onload = async () => {
  const { contentWindow: inside, contentDocument: page } = frame
  const guest = page.querySelector('lguest-guest')
  const rows = () => guest.querySelectorAll('tbody tr').length
  guest.querySelector('tbody').textContent = ''
  guest.scrollIntoView()
  guest.querySelector('.start').click()
  while (!/faults reached Puppy\\s+puppy>$/.test(guest.text) || rows() < 3) await pause()
  const said = guest.text
  guest.querySelector('[aria-label="Step on"]').click()
  const step = guest.querySelector('.words').textContent
  await fetch('/said', { method: 'POST', body: JSON.stringify({ said, step, errors: inside.errors, who: navigator.userAgent }) })
}</script>`

describe.skipIf(!there)('the site in Firefox', () => {
  let site: undefined | { port: number, close(): void }
  let said: Promise<string>
  let profile: string

  beforeAll(async () => {
    profile = mkdtempSync(join(tmpdir(), 'firefox-'))
    let say: (text: string) => void
    said = new Promise((resolve) => { say = resolve })
    site = await watchedSite((request, response) => {
      if (request.url === '/ask') response.setHeader('content-type', 'text/html').end(asker)
      else if (request.url === '/said') request.setEncoding('utf8').toArray().then((parts) => {
        say(parts.join(''))
        response.end()
      })
      else return false
      return true
    })
  }, 700_000)
  afterAll(() => {
    site?.close()
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
  })

  it('boots Puppy, takes its keys, and draws a figure from it', { timeout: 180_000 }, async () => {
    const browser = spawn(firefox, ['--headless', '--no-remote', '--profile', profile, `http://127.0.0.1:${site!.port}/ask`], { stdio: 'ignore' })
    onTestFinished(async () => {
      const gone = once(browser, 'exit')
      browser.kill()
      await gone
    })
    const seen = JSON.parse(await said)
    expect(seen).toMatchObject({ errors: [], who: expect.stringContaining('Firefox/') })
    expect(seen.said).toContain('puppy> touch 4\nfirst: 4 faults reached Puppy')
    expect(seen.step).toMatch(/^2 of \d+\. A program wants to/)
  })
})

/**
 * Guests on the pages, in a browser of another make: it is given a page that presses Start in a
 * chapter and sends home what is seen there, so that it need not be driven.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sirv from 'sirv'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { wovenJourney } from '../support/woven.ts'

const firefox = process.env.FIREFOX ?? '/usr/bin/firefox-esr'
const there = existsSync(firefox)
if (!there) console.log(`no browser at ${firefox} (FIREFOX names another): the site is tested in Chromium alone`)

const chapter = 'H-host/330-a-page-fault.html'

/** Runs in the browser: what a reader does, and what is seen. */
const asker = `<!doctype html><iframe src="/${chapter}" style="width:1200px;height:900px"></iframe><script>
const errors = [], pause = () => new Promise((resolve) => setTimeout(resolve, 100))
const frame = document.querySelector('iframe')
frame.onload = async () => {
  const { contentWindow: inside, contentDocument: page } = frame
  inside.addEventListener('error', (event) => errors.push(event.message))
  inside.addEventListener('unhandledrejection', (event) => errors.push(String(event.reason)))
  const guest = page.querySelector('lguest-guest')
  const rows = () => guest.querySelectorAll('tbody tr').length
  guest.querySelector('tbody').textContent = ''
  guest.scrollIntoView()
  guest.querySelector('.start').click()
  while (!/faults reached Puppy\\s+puppy>$/.test(guest.text) || rows() < 3) await pause()
  const said = guest.text
  guest.querySelector('[aria-label="Step on"]').click()
  const step = guest.querySelector('.words').textContent
  await fetch('/said', { method: 'POST', body: JSON.stringify({ said, step, errors, who: navigator.userAgent }) })
}</script>`

describe.skipIf(!there)('the site in Firefox', () => {
  let server: Server
  let said: Promise<string>
  const profile = mkdtempSync(join(tmpdir(), 'firefox-'))

  beforeAll(async () => {
    const files = sirv((await wovenJourney()).dist)
    said = new Promise((resolve) => {
      server = createServer((request, response) => {
        if (request.url === '/ask') response.setHeader('content-type', 'text/html').end(asker)
        else if (request.url === '/said') request.setEncoding('utf8').toArray().then((parts) => {
          resolve(parts.join(''))
          response.end()
        })
        else files(request, response)
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }, 700_000)
  afterAll(() => {
    server.closeAllConnections()
    server.close()
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
  })

  it('boots Puppy, takes its keys, and draws a figure from it', { timeout: 180_000 }, async () => {
    const { port } = server.address() as AddressInfo
    const browser = spawn(firefox, ['--headless', '--no-remote', '--profile', profile, `http://127.0.0.1:${port}/ask`], { stdio: 'ignore' })
    try {
      const seen = JSON.parse(await said)
      expect(seen).toMatchObject({ errors: [], who: expect.stringContaining('Firefox/') })
      expect(seen.said).toContain('puppy> touch 4\nfirst: 4 faults reached Puppy')
      expect(seen.step).toMatch(/^2 of \d+\. A program wants to/)
    } finally {
      const gone = once(browser, 'exit')
      browser.kill()
      await gone
    }
  })
})

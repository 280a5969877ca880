/** Guests on the pages, in a browser of a third make: it is driven as https://www.w3.org/TR/webdriver2/ says, on a screen that nobody sees. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { watchedSite } from './watched-site.ts'

const driver = process.env.WEBKIT_DRIVER ?? '/usr/bin/WebKitWebDriver'
const screen = '/usr/bin/Xvfb'
const missing = [driver, screen].filter((path) => !existsSync(path))
if (missing.length > 0) console.log(`no ${missing.join(', no ')} (WEBKIT_DRIVER names another driver): the site is not tested in WebKit`)

/** Keys without a letter, as the standard names them. */
const [enter, right, down] = ['\uE007', '\uE014', '\uE015']

describe.skipIf(missing.length > 0)('the site in WebKit', () => {
  let site: undefined | { port: number, close(): void }
  let home: string
  /** Where the driver is asked; once there is a browser, where that is. */
  let address: string
  const running: ChildProcess[] = []

  const ask = async (method: string, path: string, body?: object): Promise<any> => {
    const response = await fetch(address + path, { method, body: JSON.stringify(body), signal: AbortSignal.timeout(60_000) })
    const { value } = await response.json() as any
    if (!response.ok) throw new Error(`${method} ${path}: ${value.message}`)
    return value
  }
  const see = (what: string) => ask('POST', '/execute/sync', { script: `return ${what}`, args: [] })
  /** Waits for it: a machine under load may take its time. */
  const seen = (what: string) => expect.poll(() => see(what), { timeout: 90_000, interval: 100, message: what })
  const click = async (value: string) => {
    const [id] = Object.values(await ask('POST', '/element', { using: 'css selector', value }))
    await ask('POST', `/element/${id}/click`, {})
  }
  const type = (keys: string) => ask('POST', '/actions', {
    actions: [{ type: 'key', id: 'keys', actions: [...keys].flatMap((value) => [{ type: 'keyDown', value }, { type: 'keyUp', value }]) }],
  })

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'webkit-'))
    site = await watchedSite()
    const hidden = spawn(screen, ['-displayfd', '3', '-nolisten', 'tcp'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] })
    running.push(hidden)
    const display = (await (hidden.stdio[3] as Readable).setEncoding('utf8').toArray()).join('').trim()
    const free = createServer().listen(0, '127.0.0.1')
    await once(free, 'listening')
    const { port } = free.address() as AddressInfo
    free.close()
    const env = { PATH: process.env.PATH, TMPDIR: home, HOME: home, XDG_RUNTIME_DIR: home, DISPLAY: `:${display}` }
    running.push(spawn(driver, [`--port=${port}`], { stdio: 'ignore', env }))
    address = `http://127.0.0.1:${port}`
    await vi.waitFor(() => ask('GET', '/status'), 60_000)
    const { sessionId } = await ask('POST', '/session', { capabilities: {} })
    address += `/session/${sessionId}`
  }, 800_000)
  afterAll(async () => {
    await ask('DELETE', '').catch(() => 'there is none')
    for (const one of running.reverse()) {
      const gone = one.exitCode ?? one.signalCode ?? once(one, 'exit')
      one.kill()
      await gone
    }
    site?.close()
    rmSync(home, { recursive: true, force: true, maxRetries: 5 })
  }, 120_000)

  it('boots Puppy, takes its keys, steps through a figure, and finds a tag', { timeout: 300_000 }, async () => {
    await ask('POST', '/url', { url: `http://127.0.0.1:${site!.port}/H-host/330-a-page-fault.html` })
    expect(await see('navigator.userAgent')).toMatch(/AppleWebKit(?!.*Chrom)/)
    const guest = `document.querySelector('lguest-guest')`
    await click('lguest-guest .start') // its page has the words already; a terminal has them once it runs
    await seen(`${guest}.querySelector('.tty') && ${guest}.text`).toMatch(/puppy> touch 4\nfirst: 4 faults reached Puppy[^]*puppy>$/)
    await type(`echo typed by hand${enter}`)
    await seen(`${guest}.text`).toMatch(/puppy> echo typed by hand\ntyped by hand\npuppy>$/)
    await click('lguest-guest [aria-label="Step on"]')
    await type(right)
    await seen(`${guest}.querySelector('.words').textContent`).toMatch(/^3 of \d+\. /)
    await click('h1') // keys that go to a Guest's figure are none of the page's
    await type('/')
    await seen(`document.activeElement.matches('.search input')`).toBe(true)
    await type('h:205')
    await seen(`document.querySelector('.search .hits a')?.textContent`).toContain('H:205')
    expect(await see('errors')).toEqual([])
    await type(down + enter)
    await seen('location.href').toMatch(/200-interrupts-and-traps\.html#h-205$/)
    await seen('document.readyState').toBe('complete')
    expect(await see('errors')).toEqual([])
  })
})

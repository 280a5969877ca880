import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { textOf } from '../../tools/tangle/expand.ts'
import { read } from '../../tools/tangle/tangle.ts'
import { relative } from '../../tools/weave/model.ts'
import { reweave, serve } from '../../tools/weave/serve.ts'
import { Overtaken, Weaver, type Weave } from '../../tools/weave/site.ts'
import { brokenLinks, brokenMarkdownLinks, pagesOf } from './weave/links.ts'
import { wovenJourney } from '../support/woven.ts'
import { contrast, readable } from '../../tools/weave/contrast.ts'

const fixture = new URL('./weave/book', import.meta.url).pathname
const project = new URL('../..', import.meta.url).pathname

/** The text of the page of a whole file. */
function wholeText(html: string): string {
  const code = [...html.matchAll(/<pre[^>]*><code>([^]*?)<\/code><\/pre>/g)].map((m) => m[1]).join('')
  return code.replace(/<[^>]*>/g, '').replace(/&#(\d+);/g, (_, n) => String.fromCharCode(Number(n)))
}

describe('the weave of a small book', () => {
  let root: string
  let dist: string
  const page = (path: string) => readFileSync(join(dist, path), 'utf8')
  const greet = () => page('L-launcher/000-first.html')
  const second = () => page('H-host/200-second.html')

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'weave-'))
    dist = join(root, 'site', 'dist')
    cpSync(fixture, root, { recursive: true })
    const { errors } = await new Weaver(root).weave(true)
    expect(errors).toEqual([])
  }, 120_000)
  afterAll(() => rmSync(root, { recursive: true, force: true }))

  it('makes a page of each chapter, a cover, and the indexes', () => {
    expect(pagesOf(dist)).toEqual([
      'H-host/200-second.html', 'L-launcher/000-first.html', 'book.html', 'contents.html',
      'files.html', 'files/app/greet.ts.html', 'index.html', 'names.html', 'tags.html',
    ])
  })

  it('has no link that leads nowhere', () => expect(brokenLinks(dist)).toEqual([]))

  it('finds a broken link when there is one', () => {
    const file = join(dist, 'index.html')
    const text = page('index.html')
    writeFileSync(file, text + '<a href="H-host/200-second.html#nowhere">x</a><a href="/top">y</a>')
    expect(brokenLinks(dist)).toEqual([
      'index.html: H-host/200-second.html#nowhere: no such id', 'index.html: /top: not relative',
    ])
    writeFileSync(file, text)
  })

  it('turns a reference into a link to its chunk, and says where a chunk is used', () => {
    expect(greet()).toContain(
      '  <a class="ref" href="../H-host/200-second.html#chunk-make-the-text">⟨Make the text⟩</a>')
    expect(second()).toContain(
      'Used in <a href="../L-launcher/000-first.html#file-app-greet-ts">app/greet.ts (L:000)</a>')
    expect(second()).toContain(
      '<a class="file" href="../files/app/greet.ts.html#chunk-make-the-text">app/greet.ts</a>, <i>in <code>greet</code></i>')
  })

  it('says which piece of its chunk a block is, with the way to those before and after', () => {
    expect(second()).toMatch(/piece 1 of 2 <a href="#chunk-make-the-text-2" title="Next piece, in Twice" aria-label="Next piece">/)
    expect(second()).toMatch(/<a href="#chunk-make-the-text" title="Previous piece, in H:200" aria-label="Previous piece">‹<\/a> piece 2 of 2/)
    expect(second()).not.toMatch(/<p class="neighbours">[^]*<p class="neighbours">/)
  })

  it('keeps the lines around a block at hand', () => {
    const piece = /id="chunk-make-the-text-2"[^]*?<\/figure>/.exec(second())![0].replace(/<(?!span class="around")[^>]*>/g, '')
    expect(piece).toMatch(/<span class="around" hidden>\/\/ How to greet[^]*const text = [^]*return text\n<span class="around" hidden>}/)
  })

  it('opens a chapter with its part, its summary and what it takes, and closes it with how to try it', () => {
    expect(greet()).toContain('Part L · Launcher</a>')
    expect(greet()).toContain('<p class="summary">What a <code>greeting</code> takes, and what it gives.</p>')
    expect(greet()).toMatch(/<p class="about"><span>1 min<\/span> <span>\d+ lines of code<\/span>/)
    expect(greet()).toContain('<code class="command" data-copy>npm test -- L:000</code>')
    expect(second()).toContain('<cite>drivers/lguest/interrupts_and_traps.c</cite> of Linux 2.6.32, at H:200')
  })

  it('colours code, and escapes what it shows', () => {
    expect(greet()).toMatch(/<span class="k[0-9a-f]+-[0-9a-f]+">export[^<]*<\/span>/)
    expect(page('style.css')).toMatch(/\.k[0-9a-f]+-[0-9a-f]+\{color:light-dark\(#[0-9a-f]+,#[0-9a-f]+\)\}/)
    expect(greet()).toContain('<figure class="drawing"><pre style="--columns:7"><code>+-----+\n| a&#60;b |')
  })

  it('links tags named in prose, and no others', () => {
    expect(greet()).toContain('<a href="../H-host/200-second.html#h-200" title="What is said" data-tag="H:200">H:200</a>')
    expect(greet()).toContain('and T:000 is no tag')
  })

  it('leads from a chapter link to the page', () => {
    expect(greet()).toContain('<a href="../H-host/200-second.html#h-200">the second chapter</a>')
  })

  it('puts margin notes aside', () => {
    expect(greet()).toMatch(/is no tag\.<label class="note-mark" for="note-1">1/)
    expect(greet()).toMatch(/<span class="margin-note" role="note"><sup aria-hidden="true">1<\/sup> A remark that stands aside, see <a/)
  })

  it('gives headings of the same name ids of their own', () => {
    expect(second()).toContain('<h3 id="twice">Twice <a class="anchor" href="#twice" aria-label="Link to this section">#</a>')
    expect(second()).toContain('<h2 id="twice-2">')
  })

  it('leads on and back', () => {
    expect(greet()).toMatch(/<a rel="next" href="..\/H-host\/200-second.html">[^]*?The second chapter</)
    expect(second()).toMatch(/<a rel="prev" href="..\/L-launcher\/000-first.html">[^]*?The first chapter</)
  })

  it('lists tags and files', () => {
    expect(page('tags.html')).toContain('<a href="H-host/200-second.html#h-200">H:200</a></td><td>What is said')
    expect(page('files.html')).toContain('<a href="files/app/greet.ts.html"><code>greet.ts</code></a>\n<span class="size">5</span><span class="about">How to greet.</span>')
  })

  it('shows every file whole, each piece beside its section, each line with an address', async () => {
    const html = page('files/app/greet.ts.html')
    expect(html).toMatch(/<section id="chunk-make-the-text"><a href="..\/..\/H-host\/200-second.html#chunk-make-the-text" title="H:200">H:200/)
    const { files } = await read(root)
    expect(wholeText(html)).toBe(textOf(files[0]))
    expect([...html.matchAll(/ id="L(\d+)"/g)].map(([, line]) => Number(line))).toEqual(files[0].lines.map((_, i) => i + 1))
  })

  it('shows each chapter in the contents with the line under its title', () => {
    expect(page('contents.html')).toContain('<p>What a <code>greeting</code> takes, and what it gives.</p>')
    expect(greet()).not.toContain('<em>What a')
  })

  it('writes a Markdown edition with the references spelled out', () => {
    const text = page('markdown/H-host/200-second.md')
    expect(text).toContain('**`app/greet.ts`**, in `greet`, after `text`: ⟨Make the text⟩, piece 2 of 2')
    expect(text).toContain('Used in [app/greet.ts (L:000)](../L-launcher/000-first.md#file-app-greet-ts).*')
  })

  it('links sections in that edition by the ids of code hosts, and has contents', () => {
    expect(page('markdown/L-launcher/000-first.md')).toContain('[H:200](../H-host/200-second.md#h200-what-is-said)')
    expect(page('markdown/L-launcher/000-first.md')).toContain(
      'Refers to [Make the text (H:200)](../H-host/200-second.md#chunk-make-the-text).*')
    expect(page('markdown/README.md')).toContain('- 200 [The second chapter](H-host/200-second.md)')
    expect(page('markdown/README.md')).toContain('This edition is for pagers and code hosts')
    expect(page('markdown/README.md')).toContain('- [H:200](H-host/200-second.md#h200-what-is-said) What is said')
    expect(page('markdown/H-host/200-second.md')).toContain(
      'Before: [The first chapter](../L-launcher/000-first.md) · [Contents](../README.md)')
    expect(brokenMarkdownLinks(join(dist, 'markdown'))).toEqual([])
  })

  it('learns what names are, and lists them', async () => {
    expect(await new Weaver(root).learn()).toBe(1)
    expect(page('data/types/app/greet.ts.js')).toContain('function greet(name: string): string')
    expect(page('names.html')).toContain('<a href="L-launcher/000-first.html#file-app-greet-ts"><code>greet</code></a>')
    expect(await new Weaver(root).learn()).toBe(0)
  })

  it('puts the whole book on one page, where references lead inside it', () => {
    expect(page('book.html')).toContain('<a href="#H-200.h-200" title="What is said" data-tag="H:200">H:200</a>')
    expect(page('book.html')).toContain('@page H-200{@top-left{content:"Part H · Host"}@top-right{content:"H:200 The second chapter"}}')
    expect(page('book.html')).not.toContain('class="around"')
  })

  it('takes away the pages of chapters that are no more', async () => {
    const chapter = join(root, 'journey/M-mastery/900-short-lived.md')
    cpSync(join(root, 'journey/H-host/200-second.md'), chapter)
    writeFileSync(chapter, '# Short-lived\n')
    await new Weaver(root).weave(true)
    const made = ['M-mastery/900-short-lived.html', 'markdown/M-mastery/900-short-lived.md'].map((path) => join(dist, path))
    expect(made.map((file) => existsSync(file))).toEqual([true, true])
    rmSync(chapter)
    await new Weaver(root).weave()
    expect(made.map((file) => existsSync(file))).toEqual([false, true])
    await new Weaver(root).weave(true)
    expect(made.map((file) => existsSync(file))).toEqual([false, false])
  })

  it('writes only what changed', async () => {
    expect((await new Weaver(root).weave(true)).written).toEqual([])
    const chapter = join(root, 'journey/H-host/200-second.md')
    writeFileSync(chapter, readFileSync(chapter, 'utf8').replace('return text', 'return text + 1'))
    expect((await new Weaver(root).weave(true)).written.sort()).toEqual(
      ['H-host/200-second.html', 'book.html', 'files/app/greet.ts.html', 'markdown/H-host/200-second.md', 'names.html', 'offline.js'])
  })

  it('tells of a page that was saved before the rest is made, and leaves the rest to the next where that is due', async () => {
    const weaver = new Weaver(root, join(root, 'site', 'live'), true)
    await weaver.weave()
    const told: string[][] = []
    weaver.onSaved = ({ written }) => { told.push(written) }
    weaver.overtaken = () => true
    const chapter = join(root, 'journey/H-host/200-second.md')
    const text = readFileSync(chapter, 'utf8')
    writeFileSync(chapter, text.replace('return text', 'return text + 2'))
    await expect(weaver.weave()).rejects.toThrow(Overtaken)
    expect(told).toEqual([['H-host/200-second.html']])
    weaver.overtaken = () => false
    expect((await weaver.weave()).written).toEqual(['files/app/greet.ts.html'])
    writeFileSync(chapter, text)
  })

  it('weaves a half-written book and reports its errors', async () => {
    const chapter = join(root, 'journey/H-host/200-second.md')
    const text = readFileSync(chapter, 'utf8')
    writeFileSync(chapter, text.replace('{#make-the-text}', '{#make-a-text}'))
    const { errors } = await new Weaver(root).weave()
    expect(errors.map((e) => e.message)).toContain('chunk <<Make the text>> is not defined')
    expect(greet()).toContain('<span class="ref missing">⟨Make the text⟩</span>')
    writeFileSync(chapter, text)
  })

  it('serves the pages, and only them', async () => {
    const server = await serve(dist, 0)
    const get = (path: string) => fetch(`http://127.0.0.1:${server.port}${path}`)
    expect(await (await get('/')).text()).toContain('<h1>The journey</h1>')
    expect((await get('/tags.html')).headers.get('content-type')).toContain('text/html')
    expect((await get('/../../journey/H-host/200-second.md')).status).toBe(404)
    server.close()
  })

  it('weaves again when journey/ was replaced, and keeps the site while it is away', async () => {
    const weaver = new Weaver(root)
    await weaver.weave()
    const weaves: (Weave | Error)[] = []
    const close = reweave(root, weaver, (_, weave) => { weaves.push(weave) })
    const last = () => weaves.at(-1) as Weave | undefined
    try {
      renameSync(join(root, 'journey'), join(root, 'away'))
      await expect.poll(() => last()?.errors.map((e) => e.message), { timeout: 20_000 }).toEqual(['there are no chapters here'])
      expect(existsSync(join(dist, 'H-host/200-second.html'))).toBe(true)
      cpSync(join(root, 'away'), join(root, 'journey'), { recursive: true })
      await expect.poll(() => last()?.errors, { timeout: 20_000 }).toEqual([])
      const seen = weaves.length
      const chapter = join(root, 'journey/H-host/200-second.md')
      writeFileSync(chapter, readFileSync(chapter, 'utf8') + '\nOne more line.\n')
      await expect.poll(() => weaves.length, { timeout: 20_000 }).toBeGreaterThan(seen)
      await expect.poll(() => readFileSync(join(dist, 'H-host/200-second.html'), 'utf8'), { timeout: 20_000 }).toContain('One more line.')
    } finally {
      close()
      rmSync(join(root, 'journey'), { recursive: true, force: true })
      renameSync(join(root, 'away'), join(root, 'journey'))
    }
  }, 90_000)

  it('answers to nobody else, gives nothing hidden and follows no link outside', async () => {
    const shown = mkdtempSync(join(tmpdir(), 'served-'))
    for (const file of ['index.html', 'page.html', '.secret', '.git/config']) {
      mkdirSync(dirname(join(shown, file)), { recursive: true })
      writeFileSync(join(shown, file), file)
    }
    symlinkSync(join(root, 'journey'), join(shown, 'out'))
    symlinkSync(join(root, 'journey/H-host/200-second.md'), join(shown, 'leak.html'))
    symlinkSync(join(shown, 'page.html'), join(shown, 'inside.html'))
    const server = await serve(shown, 0)
    const status = (path: string, method = 'GET', host = `localhost:${server.port}`, more = {}) => new Promise<number>((resolve, reject) => {
      const asked = request({ port: server.port, path, method, headers: { host, ...more } }, (answer) => {
        answer.resume()
        resolve(answer.statusCode!)
      })
      asked.on('error', reject).end()
    })
    for (const path of ['/', '/page', '/page.html?x', '/inside', '/inside.html']) expect(await status(path), path).toBe(200)
    for (const path of ['/.secret', '/%2esecret', '/.git/config', '/out/H-host/200-second.md', '/leak.html', '/leak', '/leak/', '/..%2f']) {
      expect(await status(path), path).toBe(404)
    }
    expect(await status('/%')).toBe(400)
    expect(await status('/', 'HEAD')).toBe(200)
    expect(await status('/live', 'HEAD')).toBe(404)
    for (const range of ['bytes=5-2', 'bytes=99-', 'bytes=-3', 'lines=a-b']) expect(await status('/', 'GET', 'localhost', { range }), range).toBe(200)
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) expect(await status('/', method), method).toBe(405)
    for (const host of ['evil.example', 'localhost.evil.example', '10.0.0.1', 'evil.example:80']) expect(await status('/', 'GET', host), host).toBe(403)
    for (const host of ['127.0.0.1', 'LOCALHOST:9000', '[::1]:80']) expect(await status('/', 'GET', host), host).toBe(200)
    server.close()
    rmSync(shown, { recursive: true })
  })
})

describe('the weave of the journey', () => {
  let dist: string
  let errors: readonly string[]
  beforeAll(async () => { ({ dist, errors } = await wovenJourney()) }, 700_000)

  it('has no link that leads nowhere', () => expect(brokenLinks(dist)).toEqual([]))
  it('nor has its Markdown edition', () => expect(brokenMarkdownLinks(join(dist, 'markdown'))).toEqual([]))
  it('draws timelines there in characters, every step in its lanes', () => {
    const text = readFileSync(join(dist, 'markdown/S-switcher/100-the-switcher.md'), 'utf8')
    expect(text).not.toContain('```timeline')
    expect(text).toMatch(/Host +Switcher +processor +Guest\n/)
    expect(text).toMatch(/│ {3,}iret {3,}│\n +│ +│─+▶│\n/)
  })
  it('has no error, of its pictures neither', () => expect(errors).toEqual([]))

  it('has one title on each page, and headings that skip no level', () => {
    for (const page of pagesOf(dist)) {
      const levels = [...readFileSync(join(dist, page), 'utf8').matchAll(/<h([1-6])[ >]/g)].map((m) => Number(m[1]))
      expect(levels.filter((level) => level === 1), page).toHaveLength(1)
      expect(levels.filter((level, i) => i > 0 && level > levels[i - 1] + 1), page).toEqual([])
    }
  })

  it('loads nothing from elsewhere', () => {
    for (const page of pagesOf(dist)) {
      const html = readFileSync(join(dist, page), 'utf8')
      expect(html.match(/<(?:script|link|img|iframe)[^>]*(?:src|href)="(?:https?:)?\/\/[^>]*>/g), page).toBeNull()
    }
  })

  it('shows every file whole, as it is tangled', async () => {
    for (const file of (await read(project)).files) {
      expect(wholeText(readFileSync(join(dist, 'files', `${file.path}.html`), 'utf8')), file.path).toBe(textOf(file))
    }
  })

  it('gives every element of a page an id of its own', () => {
    for (const page of pagesOf(dist)) {
      const ids = [...readFileSync(join(dist, page), 'utf8').matchAll(/ id="([^"]*)"/g)].map((m) => m[1])
      expect(ids.filter((id, i) => ids.indexOf(id) !== i), page).toEqual([])
    }
  })
})

describe('relative addresses', () => {
  it.each([
    ['a/b.html', 'a/c.html', 'c.html'], ['a/b.html', 'index.html', '../index.html'],
    ['index.html', 'a/b.html#x', 'a/b.html#x'], ['a/b.html', 'a/b.html#x', '#x'],
    ['a/b.html', 'c/d.html', '../c/d.html'],
  ])('from %s to %s: %s', (from, to, url) => expect(relative(from, to)).toBe(url))
})

describe('contrast', () => {
  it('is 21 between black and white, 1 of a colour with itself', () => {
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21)
    expect(contrast('#123456', '#123456')).toBe(1)
  })

  it.each(['#ffffff', '#f5f2ea', '#211f1c', '#000000'])('on %s is mended where it is too weak, and only there', (ground) => {
    for (const colour of ['#6a737d', '#e36209', '#808080', '#123456', '#fedcba']) {
      const mended = readable(colour, ground)
      expect(contrast(mended, ground), colour).toBeGreaterThanOrEqual(4.5)
      if (contrast(colour, ground) >= 4.6) expect(mended).toBe(colour)
    }
  })
})

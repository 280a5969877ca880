/** The whole site: read the book, weave every page, write what changed. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { setImmediate as immediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Diagnostics, type Diagnostic } from '../tangle/diagnostics.ts'
import { textOf, type TangledFile } from '../tangle/expand.ts'
import { renamedChapters } from '../tangle/renamed.ts'
import { read } from '../tangle/tangle.ts'
import { sectionName } from './block.ts'
import { bookPage, bookUrl } from './book-page.ts'
import { wholeChapter, type Chapter } from './chapter.ts'
import { dataScript, searchNames, tagPreviews, withAddresses } from './data.ts'
import { Demos, demosOn, demosWoven } from './demos.ts'
import { fonts } from './fonts.ts'
import { Colourist, startColouring } from './highlight.ts'
import { guestFiles, guestStyle } from './guest-files.ts'
import { home } from './home.ts'
import { contents, fileIndex, tagIndex } from './indexes.ts'
import { hashOf, Kept } from './kept.ts'
import { kernelPage } from './kernel-page.ts'
import { layout, type Frame } from './layout.ts'
import { contentsOf, markdownOf } from './markdown-edition.ts'
import { keyOf, modelOf, nameOf, type Page, type Site } from './model.ts'
import { weaveBody } from './page.ts'
import { factsOf, type Facts } from './parse.ts'
import { neighbourhood, surroundings } from './places.ts'
import { nameIndex, type Types } from './names.ts'
import { redirect } from './redirects.ts'
import { lasting, scripts, sourceFolder } from './scripts.ts'
import { searchIndex } from './search.ts'
import { keysOf, learnTypes, type FileTypes } from './types.ts'
import { wholeFile } from './whole-file.ts'

/** The service worker, which has to know all other files. */
const offlineScript = 'offline.js'

/** The site's look stands beside the tools, whatever book is woven. */
export const themeFolder = fileURLToPath(new URL('../../site/theme', import.meta.url))

export interface Weave {
  pages: number
  written: string[]
  /** How many of these `onSaved` was told of. */
  told: number
  /** Errors of the book; the site is woven all the same. */
  errors: Diagnostic[]
}

export type Progress = (done: number, all: number) => void

/** A chapter's middle, and what was wrong in it. */
interface Body { title: string, html: string, errors: Diagnostic[] }

/** A weave was given up for the next: who writes has saved once more. */
export class Overtaken extends Error {}

/** What was given up, the next weave makes. */
const unlessOvertaken = (error: Error): void => {
  if (!(error instanceof Overtaken)) throw error
}

/** Weaves again and again; keeps what it made between weaves, and on disk. */
export class Weaver {
  private readonly root: string
  private readonly out: string
  private readonly live: boolean
  private readonly colourist: Colourist
  private readonly demos: Demos
  private readonly facts: Kept<Facts>
  private readonly bodies: Kept<Body>
  private readonly wholes: Kept<Frame>
  private readonly editions: Kept<string>
  private readonly types: Kept<FileTypes>
  private index?: Map<string, Buffer>
  /** The text of every page as it stands on disk, once it was looked at. */
  private readonly last = new Map<string, string | Buffer>()
  /** What this weave has made, changed or not. */
  private readonly made = new Set<string>()
  /** The chapters' texts in the last weave, and what was wrong with their pages. */
  private readonly texts = new Map<string, string>()
  private readonly wrong = new Map<string, Diagnostic[]>()
  /** What weaves that were overtaken wrote and told nobody of. */
  private untold: string[] = []
  private readonly programs = lasting([sourceFolder], scripts)
  private readonly guests: () => Promise<Map<string, string>>
  /** Told of what is written when the chapters are that were saved, where someone waits for them; the rest follows. */
  onSaved?: (soFar: Weave) => void
  /** Asked again and again whether the rest is for nothing. */
  overtaken?: () => boolean

  /** With `live`, pages reload themselves when the server says that they changed. */
  constructor(root: string, out = join(root, 'site', 'dist'), live = false) {
    this.root = root
    this.out = out
    this.live = live
    const cache = (name: string) => join(root, '.cache', name)
    this.colourist = new Colourist(cache('colours.json'))
    if (live) startColouring() // a save is not to wait for it
    this.demos = new Demos(root)
    this.guests = lasting([sourceFolder, join(root, 'generated')], () => guestFiles(root))
    this.facts = new Kept(cache('facts.json'))
    this.bodies = new Kept(cache('bodies.json'))
    this.wholes = new Kept(cache('wholes.json'))
    this.editions = new Kept(cache('editions.json'))
    this.types = new Kept(cache('types.json'))
  }

  /**
   * Writes the site into its folder; with `edition`, the Markdown edition too.
   * Before each chapter `progress` is told how many are done, and of how many.
   * With `learning` it asks TypeScript about names meanwhile, and waits for what it says.
   * @throws Overtaken where `overtaken` says so
   */
  async weave(edition = false, progress: Progress = () => {}, learning = false): Promise<Weave> {
    const programs = this.programs()
    const { book, chapters: parsed, files, texts, errors } = await read(this.root)
    if (book.order.length === 0) return { pages: 0, written: [], told: 0, errors } // the last good site stays
    const demos = this.demos.recorded(book, parsed, errors, this.live)
    const guests = demos.then(this.guests) // of what was tangled for the demos
    guests.catch(() => {}) // said below, where they are waited for
    const keys = learning ? keysOf(files) : undefined
    const learnt = keys && learnTypes(this.root, files, this.types, keys)
    learnt?.catch(() => {}) // likewise
    if (this.last.size === 0) this.colourist.expect(new Set(files.flatMap(({ lines }) => lines.map(({ block }) => block))))
    for (const text of texts.values()) {
      factsOf(text, this.facts)
      await immediate() // to hear those who work meanwhile
    }
    const site = modelOf(book, texts, files, this.facts)
    const around = linkedTo(site)
    const written = this.untold
    this.made.clear()
    if (this.live) site.demos = demosWoven(site, await demos)
    const told = this.onSaved ? await this.saved(site, around, errors, written) : []
    const chapters: Chapter[] = []
    for (const frame of [contents(site, edition), tagIndex(site), fileIndex(site), ...kernelPage(site)]) this.frame(site, frame, written)
    if (edition) await this.edition(site, around, written)
    await this.wholeFiles(site, files, around, written)
    site.demos = demosWoven(site, await demos)
    this.frame(site, home(site), written)
    for (const [i, page] of site.pages.entries()) {
      progress(i, site.pages.length)
      chapters.push(await this.chapterPage(site, page, around, written))
      await this.breath()
    }
    errors.push(...this.wrongIn(site))
    if (edition) this.write(bookUrl, bookPage(site, chapters), written)
    await learnt
    await this.typesOf(site, keys ?? keysOf(files), written)
    this.redirects(site, written)
    this.data('tags', tagPreviews(site), written)
    this.data('names', searchNames(site), written)
    await this.search(site, chapters, written)
    await this.theme([...await programs, ...await guests], written)
    if (!this.live) this.offline((await programs).get(offlineScript)!, written)
    this.removeOld(edition)
    if (!this.live) this.keep()
    this.untold = []
    return { pages: site.pages.length + files.length + 5, written: [...told, ...written], told: told.length, errors }
  }

  /** Writes what the next start need not make again. While someone waits for a page it can wait. */
  keep(): void {
    for (const kept of [this.colourist, this.facts, this.bodies, this.wholes, this.editions, this.types]) kept.save()
  }

  /** Chapters saved since the last weave come before all else; what was wrong with others' pages then still is. */
  private async saved(site: Site, around: string, errors: Diagnostic[], written: string[]): Promise<string[]> {
    for (const page of site.pages) {
      if (this.texts.get(page.path) !== page.text) await this.chapterPage(site, page, around, written)
    }
    const told = written.splice(0)
    this.onSaved!({ pages: site.pages.length, written: told, told: 0, errors: [...errors, ...this.wrongIn(site)] })
    return told
  }

  /** Lets the server answer, and those speak who work meanwhile. */
  private async breath(): Promise<void> {
    if (!this.live) return
    await immediate()
    if (this.overtaken?.()) throw new Overtaken('')
  }

  private readonly wrongIn = (site: Site) => site.pages.flatMap(({ path }) => this.wrong.get(path) ?? [])

  private async chapterPage(site: Site, page: Page, around: string, written: string[]): Promise<Chapter> {
    const { title, html, errors } = await this.chapter(site, page, around)
    const chapter = { page, title, html }
    this.frame(site, { url: page.url, title: page.title, body: wholeChapter(site, chapter), page }, written)
    this.texts.set(page.path, page.text)
    this.wrong.set(page.path, errors)
    return chapter
  }

  private async chapter(site: Site, page: Page, around: string): Promise<Body> {
    const key = hashOf(page.text, page.url, around, standing(site, page), demosOn(site, page))
    const known = this.bodies.get(key)
    if (known) {
      this.colourist.noteColours(known.html, key)
      return known
    }
    const out = new Diagnostics()
    if (!page.summary) {
      out.error({ file: page.path, line: 1, column: 1 }, 'no line says what this chapter tells',
        'write one under its title, in italics: *What is told.*')
    }
    const woven = await weaveBody(site, page, this.colourist, out)
    return this.bodies.set(key, { ...woven, errors: out.all })
  }

  private async wholeFiles(site: Site, files: TangledFile[], around: string, written: string[]): Promise<void> {
    for (const file of files) {
      this.frame(site, await this.whole(site, file, around), written)
      await this.breath()
    }
  }

  private async whole(site: Site, file: TangledFile, around: string): Promise<Frame> {
    const key = hashOf(file.path, textOf(file), around)
    const known = this.wholes.get(key)
    if (!known) return this.wholes.set(key, await wholeFile(site, file, this.colourist))
    this.colourist.noteColours(known.body, key)
    return known
  }

  /**
   * Asks TypeScript about names that no earlier weave asked about, and writes what it says; resolves
   * with the number of files asked about. The pages do without while it takes its time.
   */
  async learn(): Promise<number> {
    const { book, files, texts } = await read(this.root)
    const before = this.types.size
    const keys = keysOf(files)
    await learnTypes(this.root, files, this.types, keys)
    if (this.types.size > before) await this.typesOf(modelOf(book, texts, files, this.facts), keys, []).catch(unlessOvertaken)
    this.types.save()
    return this.types.size - before
  }

  /** What is known of names: for each file's page and pieces, and the index. */
  private async typesOf(site: Site, keys: Map<string, string>, written: string[]): Promise<void> {
    const known: Types = new Map()
    for (const [path, key] of keys) {
      const types = this.types.get(key)
      if (!types) continue
      known.set(path, types)
      this.data(`types/${path}`, withAddresses(site, types), written)
      await this.breath()
    }
    this.frame(site, nameIndex(site, known), written)
  }

  private frame(site: Site, frame: Frame, written: string[]): void {
    this.write(frame.url, layout(site, frame, this.live), written)
  }

  /** The Markdown edition. */
  private async edition(site: Site, around: string, written: string[]): Promise<void> {
    this.write(join('markdown', 'README.md'), contentsOf(site), written)
    const others = JSON.stringify(site.pages.map(({ url, title, sections }) => [url, title, sections.map(({ id, anchor }) => [id, anchor])]))
    for (const page of site.pages) {
      const path = join('markdown', page.url.replace(/\.html$/, '.md'))
      const key = hashOf(page.text, around, others, standing(site, page))
      this.write(path, this.editions.get(key) ?? this.editions.set(key, markdownOf(site, page)), written)
      await immediate()
    }
  }

  /** Addresses of old lead to where their chapters are now. */
  private redirects(site: Site, written: string[]): void {
    const pages = new Map(site.pages.map((page) => [page.url, page]))
    for (const [from, to] of Object.entries(renamedChapters)) {
      const page = pages.get(`${to}.html`)
      if (page) this.write(`${from}.html`, redirect(`${from}.html`, page), written)
    }
  }

  private data(name: string, value: unknown, written: string[]): void {
    this.write(`data/${name}.js`, dataScript(name, value), written)
  }

  /** While someone writes, the index of the last start serves; to make it anew takes a second. */
  private async search(site: Site, chapters: Chapter[], written: string[]): Promise<void> {
    if (this.index === undefined || !this.live) {
      const key = hashOf(...chapters.flatMap(({ page, title, html }) => [page.url, title, html]))
      const indexed = () => chapters.map((chapter) =>
        ({ url: chapter.page.url, html: `<html lang="en"><body>${wholeChapter(site, chapter)}</body></html>` }))
      this.index = await searchIndex(indexed, key, join(this.root, '.cache', 'pagefind'))
    }
    for (const [path, bytes] of this.index) this.write(join('pagefind', path), bytes, written)
  }

  private async theme(programs: [name: string, text: string][], written: string[]): Promise<void> {
    const style = readFileSync(join(themeFolder, 'style.css'), 'utf8') + guestStyle()
    const faces = await fonts(join(this.root, '.cache', 'fonts'))
    this.write('style.css', faces.map(({ rule }) => rule).join('') + style + this.colourist.styles(), written)
    for (const { name, bytes } of faces) this.write(join('fonts', name), bytes, written)
    for (const [name, text] of programs) if (name !== offlineScript) this.write(name, text, written)
    copyFileSync(join(themeFolder, 'icon.svg'), join(this.out, 'icon.svg'))
  }

  /** What keeps the site for readers without a network: all of it but the editions that are for elsewhere. */
  private offline(program: string, written: string[]): void {
    const kept = [...this.made].filter((path) => path !== bookUrl && !path.startsWith(`markdown${sep}`)).sort()
    const texts = kept.map((path) => {
      const text = this.last.get(path)!
      return hashOf(typeof text === 'string' ? text : text.toString('base64'))
    })
    const files = [...kept.map((path) => path.split(sep).join('/')), 'icon.svg']
    const site = { version: hashOf(...files, ...texts), files }
    this.write(offlineScript, `const siteFiles=${JSON.stringify(site)};${program}`, written)
  }

  /** Pages of chapters that are no more go; without the edition, its own stay. */
  private removeOld(edition: boolean): void {
    const pages = (readdirSync(this.out, { recursive: true }) as string[]).filter((path) =>
      /\.(html|md|js|woff2|pf_\w+)$/.test(path) && (edition || !(path === bookUrl || path.startsWith(`markdown${sep}`))))
    for (const path of pages) {
      if (this.made.has(path)) continue
      rmSync(join(this.out, path))
      this.last.delete(path)
    }
  }

  private write(path: string, text: string | Buffer, written: string[]): void {
    const file = join(this.out, path)
    this.made.add(join(path))
    const before = this.last.get(path) ?? (existsSync(file) ? readFileSync(file) : undefined)
    this.last.set(path, text)
    if (before !== undefined && (before === text || Buffer.from(before).equals(Buffer.from(text)))) return
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    written.push(path)
  }
}

/** What pages say of each other: if any of it moves, all are woven anew. */
function linkedTo(site: Site): string {
  const blocks = [...site.woven.values()].map((woven) =>
    [woven.url, nameOf(site, woven.definition), sectionName(site, woven)])
  const uses = [...site.usedIn.values()].map((users) => users.map((user) => user.id))
  return hashOf(JSON.stringify([[...site.tags.values()], blocks, uses]))
}

/** What a chapter's blocks show of the files they stand in. */
function standing(site: Site, page: Page): string {
  const around = [...site.woven.values()].filter((woven) => woven.block.chapter === page.path).map((woven) => {
    const place = site.places.get(woven.block)?.[0]
    if (!place) return keyOf(page.path, woven.block.fence.line)
    const { before, after } = surroundings(place)
    const text = [...before, ...after].map(({ block, index, indent }) => indent + block.fence.body[index])
    return [place.from, neighbourhood(place), text]
  })
  return hashOf(JSON.stringify(around))
}

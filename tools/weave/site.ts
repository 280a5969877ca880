/** The whole site: read the book, weave every page, write what changed. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Diagnostics, type Diagnostic } from '../tangle/diagnostics.ts'
import { textOf, type TangledFile } from '../tangle/expand.ts'
import { read } from '../tangle/tangle.ts'
import { Colourist } from './highlight.ts'
import { cover, fileIndex, tagIndex } from './indexes.ts'
import { layout, type Frame } from './layout.ts'
import { contentsOf, markdownOf } from './markdown-edition.ts'
import { sectionName } from './block.ts'
import { modelOf, nameOf, type Page, type Site } from './model.ts'
import { weaveBody } from './page.ts'
import { wholeFile } from './whole-file.ts'

/** The site's look stands beside the tools, whatever book is woven. */
export const themeFolder = fileURLToPath(new URL('../../site/theme', import.meta.url))

export interface Weave {
  pages: number
  written: string[]
  /** Errors of the book; the site is woven all the same. */
  errors: Diagnostic[]
}

export type Progress = (done: number, all: number) => void

/** A page's middle, of the tree it was woven from, and what was wrong in it. */
interface Body { tree: unknown, html: string, errors: Diagnostic[] }

/** Weaves again and again; keeps its cache of coloured code between weaves. */
export class Weaver {
  private readonly root: string
  private readonly out: string
  private readonly colourist: Colourist
  /** Bodies by page; good while the page's text and what it may link to stay. */
  private readonly bodies = new Map<string, Body>()
  /** Pages of whole files, by path; good while text and sections stay. */
  private readonly wholes = new Map<string, { text: string, frame: Frame }>()
  private surroundings = ''
  /** The text of every page as it stands on disk, once it was looked at. */
  private readonly last = new Map<string, string>()
  /** What this weave has made, changed or not. */
  private readonly made = new Set<string>()

  constructor(root: string, out = join(root, 'site', 'dist')) {
    this.root = root
    this.out = out
    this.colourist = new Colourist(join(root, '.cache', 'colours.json'))
  }

  /**
   * Writes the site into its folder; with `edition`, the Markdown edition too.
   * Before each chapter `progress` is told how many are done, and of how many.
   */
  async weave(edition = false, progress: Progress = () => {}): Promise<Weave> {
    const { book, files, texts, errors } = await read(this.root)
    const site = modelOf(book, texts)
    this.forgetIfMoved(site)
    const written: string[] = []
    this.made.clear()
    for (const frame of [cover(site), tagIndex(site), fileIndex(site)]) this.frame(site, frame, written)
    for (const [i, page] of site.pages.entries()) {
      progress(i, site.pages.length)
      const { html: body, errors: wrong } = await this.chapter(site, page)
      this.frame(site, { url: page.url, title: page.title, body, page }, written)
      errors.push(...wrong)
    }
    for (const file of files) this.frame(site, await this.whole(site, file), written)
    if (edition) this.edition(site, written)
    this.theme(written)
    this.removeOld(edition)
    this.colourist.save()
    return { pages: site.pages.length + files.length + 3, written, errors }
  }

  /** Pages link to tags and blocks of other pages: if any of these moved, all are woven anew. */
  private forgetIfMoved(site: Site): void {
    const blocks = [...site.woven.values()].map((woven) =>
      [woven.url, nameOf(site, woven.definition), sectionName(site, woven)])
    const uses = [...site.usedIn.values()].map((users) => users.map((user) => user.id))
    const now = JSON.stringify([[...site.tags.values()], blocks, uses])
    if (now !== this.surroundings) {
      this.bodies.clear()
      this.wholes.clear()
    }
    this.surroundings = now
  }

  private async chapter(site: Site, page: Page): Promise<Body> {
    const known = this.bodies.get(page.path)
    if (known?.tree === page.tree) return known
    const out = new Diagnostics()
    const html = await weaveBody(site, page, this.colourist, out)
    const body = { tree: page.tree, html, errors: out.all }
    this.bodies.set(page.path, body)
    return body
  }

  private async whole(site: Site, file: TangledFile): Promise<Frame> {
    const text = textOf(file)
    const known = this.wholes.get(file.path)
    if (known?.text === text) return known.frame
    const frame = await wholeFile(site, file, this.colourist)
    this.wholes.set(file.path, { text, frame })
    return frame
  }

  private frame(site: Site, frame: Frame, written: string[]): void {
    this.write(frame.url, layout(site, frame), written)
  }

  private edition(site: Site, written: string[]): void {
    this.write(join('markdown', 'README.md'), contentsOf(site), written)
    for (const page of site.pages) {
      const path = join('markdown', page.url.replace(/\.html$/, '.md'))
      this.write(path, markdownOf(site, page), written)
    }
  }

  private theme(written: string[]): void {
    const style = readFileSync(join(themeFolder, 'style.css'), 'utf8')
    this.write('style.css', style + this.colourist.styles(), written)
    mkdirSync(this.out, { recursive: true })
    for (const file of ['site.js', 'icon.svg']) copyFileSync(join(themeFolder, file), join(this.out, file))
  }

  /** Pages of chapters that are no more go; without the edition, its own stay. */
  private removeOld(edition: boolean): void {
    const pages = (readdirSync(this.out, { recursive: true }) as string[]).filter((path) =>
      /\.(html|md)$/.test(path) && (edition || !path.startsWith(`markdown${sep}`)))
    for (const path of pages) {
      if (this.made.has(path)) continue
      rmSync(join(this.out, path))
      this.last.delete(path)
    }
  }

  private write(path: string, text: string, written: string[]): void {
    const file = join(this.out, path)
    this.made.add(join(path))
    const before = this.last.get(path) ?? (existsSync(file) ? readFileSync(file, 'utf8') : undefined)
    this.last.set(path, text)
    if (before === text) return
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    written.push(path)
  }
}

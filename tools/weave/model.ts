/**
 * The book as the weaver sees it: pages with their sections, every tag with
 * its place, every block of code with its name and its neighbours.
 *
 * Invariant: every address in the model is relative to the site's root; a
 * page turns it into one relative to itself, so the site works under any path.
 */
import type { Block, Book, Definition } from '../tangle/book.ts'
import type { Emphasis, Root } from 'mdast'
import { toString } from 'mdast-util-to-string'
import type { TangledFile } from '../tangle/expand.ts'
import { escape } from './highlight.ts'
import { factsOf, parsePage, type Facts, type Section } from './parse.ts'
import type { Kept } from './kept.ts'
import { placesIn, type Places } from './places.ts'

export interface Page {
  /** The chapter's path: journey/H-host/200-traps.md */
  path: string
  /** The letter of its part: L, H, P, S, D, G, E or M. */
  part: string
  /** Its number in the part, as in its file's name: 200. */
  number: string
  title: string
  /** H-host/200-traps.html */
  url: string
  text: string
  /** Parsed when first asked for. */
  readonly tree: Root
  sections: Section[]
  /** What it tells, in one sentence, as HTML; '' where nobody has said. */
  summary: string
  minutes: number
  codeLines: number
}

/** A block of code: what it is called, and where it belongs. */
export interface Woven {
  block: Block
  definition: Definition
  /** Which of its definition's blocks it is, from 0. */
  nth: number
  /** Id of its element on the page. */
  id: string
  url: string
}

/** Where a tag stands: `url` on the site, `anchor` the id of its heading on a code host. */
export interface TagPlace { tag: string, title: string, url: string, anchor: string }

export interface Site {
  pages: Page[]
  pageOf: Map<string, Page>
  tags: Map<string, TagPlace>
  /** By `chapter:line` of the opening fence. */
  woven: Map<string, Woven>
  /** The first block of a chunk, by slug, or of a file, by path. */
  firstOf: Map<string, Woven>
  /** By definition: its blocks in reading order. */
  blocksOf: Map<Definition, Woven[]>
  /** By definition: the blocks that refer to it. */
  usedIn: Map<Definition, Woven[]>
  /** Names of chunks as their first reference writes them. */
  names: Map<string, string>
  /** Where blocks stand in the tangled files. */
  places: Places
  /** The tangled files by path. */
  files: Map<string, TangledFile>
  /** What stands for a .demo, in HTML, by `chapter:line` of its fence. */
  demos: Map<string, string>
}

export const keyOf = (chapter: string, line: number) => `${chapter}:${line}`

/** Address of a chapter's page: its path without journey/, as .html. */
export const urlOf = (chapter: string) =>
  chapter.replace(/^journey\//, '').replace(/\.md$/, '.html')

/** Address of the page that shows a file of generated/ whole. */
export const wholeUrl = (file: string) => `files/${file}.html`

/** Puts the site's model together from a tangled book and its texts. */
export function modelOf(book: Book, texts: Map<string, string>, files: TangledFile[], kept: Kept<Facts>): Site {
  const site: Site = {
    pages: book.order.map((path) => pageOf(path, texts.get(path)!, kept)),
    pageOf: new Map(), firstOf: new Map(), tags: new Map(), woven: new Map(), blocksOf: new Map(), usedIn: new Map(),
    names: new Map(), places: placesIn(files), files: new Map(files.map((file) => [file.path, file])), demos: new Map(),
  }
  for (const page of site.pages) {
    site.pageOf.set(page.path, page)
    addTags(site, page)
  }
  for (const definition of definitions(book)) addBlocks(site, definition)
  for (const woven of site.woven.values()) addUses(site, book, woven)
  return site
}

const definitions = (book: Book) => [...book.roots.values(), ...book.chunks.values()]

function pageOf(path: string, text: string, kept: Kept<Facts>): Page {
  const { sections, summary, minutes, codeLines } = factsOf(text, kept)
  const title = sections.find((s) => s.depth === 1)?.title ?? path
  const [, part, file] = path.split('/')
  return {
    path, part: part[0], number: /^\d*/.exec(file)![0], title, url: urlOf(path), text, sections,
    get tree() { return parsePage(text).tree },
    summary: summary ? htmlOf(summary) : '', minutes, codeLines,
  }
}

const htmlOf = ({ children }: Emphasis) => children.map((node) =>
  (node.type === 'inlineCode' ? `<code>${escape(node.value)}</code>` : escape(toString(node)))).join('')

/** H:200, the name by which a chapter is called: its tag, where it opens with one. */
export const chapterName = ({ part, number }: Page) => `${part}:${number}`

function addTags(site: Site, page: Page): void {
  for (const { tag, title, id, anchor } of page.sections) {
    if (tag && !site.tags.has(tag)) {
      site.tags.set(tag, { tag, title, url: `${page.url}#${id}`, anchor })
    }
  }
}

function addBlocks(site: Site, definition: Definition): void {
  const kind = definition.root ? 'file' : 'chunk'
  const name = definition.name.replace(/[^\p{L}\p{M}\p{N}_-]/gu, '-')
  const all = definition.blocks.map((block, nth): Woven => {
    const id = `${kind}-${name}${nth ? `-${nth + 1}` : ''}`
    return { block, definition, nth, id, url: `${urlOf(block.chapter)}#${id}` }
  })
  site.blocksOf.set(definition, all)
  site.firstOf.set(definition.name, all[0])
  for (const woven of all) {
    site.woven.set(keyOf(woven.block.chapter, woven.block.fence.line), woven)
  }
}

function addUses(site: Site, book: Book, woven: Woven): void {
  for (const { id, name } of woven.block.references.values()) {
    const chunk = book.chunks.get(id)
    if (!chunk) continue
    if (!site.names.has(id)) site.names.set(id, name)
    const users = site.usedIn.get(chunk) ?? []
    if (!users.includes(woven)) users.push(woven)
    site.usedIn.set(chunk, users)
  }
}

/** What a definition is called on the page. */
export function nameOf(site: Site, definition: Definition): string {
  if (definition.root) return definition.name
  return site.names.get(definition.name) ?? definition.name.replaceAll('-', ' ')
}

/** The files that a definition ends up in, following its uses upwards. */
export function filesOf(site: Site, definition: Definition): string[] {
  const files = new Set<string>()
  const seen = new Set<Definition>()
  const follow = (d: Definition): void => {
    if (seen.has(d)) return
    seen.add(d)
    if (d.root) files.add(d.name)
    for (const user of site.usedIn.get(d) ?? []) follow(user.definition)
  }
  follow(definition)
  return [...files].sort()
}

/** `to` as seen from the page at `from`, both relative to the site's root. */
export function relative(from: string, to: string): string {
  const [file, hash] = to.split('#')
  if (file === from && hash) return `#${hash}`
  const up = from.split('/').slice(0, -1)
  const down = file.split('/')
  while (up.length && down.length > 1 && up[0] === down[0]) {
    up.shift()
    down.shift()
  }
  return '../'.repeat(up.length) + down.join('/') + (hash ? `#${hash}` : '')
}

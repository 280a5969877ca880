/** A chapter's Markdown, whole: its tree and its sections. */
import type { Emphasis, Heading, Root } from 'mdast'
import { toString } from 'mdast-util-to-string'
import remarkGfm from 'remark-gfm'
import remarkParse from 'remark-parse'
import remarkSmartypants from 'remark-smartypants'
import { unified } from 'unified'
import { visit } from 'unist-util-visit'
import { slug } from '../tangle/names.ts'
import { hashOf, type Kept } from './kept.ts'

export interface Section {
  depth: number
  /** H:205, where the heading carries one. */
  tag?: string
  /** The heading without its tag. */
  title: string
  /** Id of the heading's element, unique on its page. */
  id: string
  /** The id that code hosts give such a heading, likewise. */
  anchor: string
  /** Line of the heading, 1-based. */
  line: number
  /** The sentence it begins with, where it begins with prose. */
  first: string
}

export interface Parsed {
  tree: Root
  sections: Section[]
  /** The line in italics under the title that says what the chapter tells. */
  summary?: Emphasis
  /** How long it takes to read, in minutes. */
  minutes: number
  /** Lines of code that are tangled or shown. */
  codeLines: number
}

const parser = unified().use(remarkParse).use(remarkGfm).freeze()
/** Chapters are typed with straight quotes; books are not printed with them. */
const typographer = unified().use(remarkSmartypants, { backticks: false }).freeze()

/** What of a chapter is known without its tree. */
export type Facts = Omit<Parsed, 'tree'>

const parsed = new Map<string, Parsed>()

/** Parses a chapter; the same text is parsed once. The tree is shared: copy it to change it. */
export function parsePage(text: string): Parsed {
  const known = parsed.get(text)
  if (known) return known
  const plain = parser.parse(text) as Root
  const sections = sectionsOf(plain)
  const tree = printed(plain)
  retitle(tree, sections)
  const result = { tree, sections, summary: summaryOf(tree), ...effortOf(tree) }
  parsed.set(text, result)
  return result
}

/** Chapters with their quotes and dashes as printers set them, in place. What has none is not read for them: it takes long. */
function printed(tree: Root): Root {
  const typed = tree.children.filter((child) => child.type !== 'code' && /['"]|--|\.{3}/.test(toString(child)))
  typographer.runSync({ type: 'root', children: typed } as never)
  return tree
}

/** The facts alone, from what is kept of an earlier parse if it can be. */
export function factsOf(text: string, kept: Kept<Facts>): Facts {
  const key = hashOf(text)
  const known = kept.get(key)
  if (known) return known
  const { tree: _, ...facts } = parsePage(text)
  return kept.set(key, facts)
}

/** Ids are made of what was typed; titles and first sentences are shown as they are printed. */
function retitle(tree: Root, sections: Section[]): void {
  let next = 0
  visit(tree, 'heading', (heading, index, parent) => {
    const section = sections[next++]
    section.title = titleOf(toString(heading))
    const below = parent?.children.slice(index! + 1).find((node) => node.type !== 'blockquote')
    if (below?.type === 'paragraph') section.first = firstSentence(toString(below))
  })
}

const firstSentence = (text: string) => (/^.*?[.!?:](?=\s|$)/s.exec(text)?.[0] ?? text).replace(/\s+/g, ' ')

/** A paragraph that is nothing but emphasis, right under the title. */
function summaryOf({ children: [title, first] }: Root): Emphasis | undefined {
  if (title?.type !== 'heading' || first?.type !== 'paragraph' || first.children.length !== 1) return undefined
  return first.children[0].type === 'emphasis' ? first.children[0] : undefined
}

const wordsPerMinute = 220
/** Code is read more slowly than it is skimmed, and faster than it is understood. */
const linesPerMinute = 40

function effortOf(tree: Root): { minutes: number, codeLines: number } {
  let words = 0
  let codeLines = 0
  visit(tree, (node) => {
    if (node.type === 'text' || node.type === 'inlineCode') words += node.value.split(/\s+/).filter(Boolean).length
    if (node.type === 'code') codeLines += node.value.split('\n').length
  })
  return { minutes: Math.max(1, Math.round(words / wordsPerMinute + codeLines / linesPerMinute)), codeLines }
}

function sectionsOf(tree: Root): Section[] {
  const sections: Section[] = []
  const ids = new Map<string, number>()
  const anchors = new Map<string, number>()
  const times = (seen: Map<string, number>, name: string): number => {
    const before = seen.get(name) ?? 0
    seen.set(name, before + 1)
    return before
  }
  visit(tree, 'heading', (heading) => {
    const section = sectionOf(heading)
    const again = times(ids, section.id)
    if (again) section.id += `-${again + 1}`
    const more = times(anchors, section.anchor)
    if (more) section.anchor += `-${more}`
    heading.data = { ...heading.data, hProperties: { id: section.id } }
    sections.push(section)
  })
  return sections
}

const tagged = /^([BLHPSDGEM]:\d{3,4})\b[\s:.,–—-]*(.*)$/

function sectionOf(heading: Heading): Section {
  const text = toString(heading)
  const match = tagged.exec(text)
  const title = titleOf(text)
  const id = slug(match ? match[1] : text) || 'section'
  const { line } = heading.position!.start
  return { depth: heading.depth, tag: match?.[1], title, id, anchor: anchorOf(text), line, first: '' }
}

const titleOf = (text: string) => tagged.exec(text)?.[2] || text

/** Code hosts keep letters, digits, '-' and '_', and turn spaces into '-'. */
const anchorOf = (text: string) =>
  text.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-')

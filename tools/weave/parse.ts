/** A chapter's Markdown, whole: its tree and its sections. */
import type { Heading, Root } from 'mdast'
import { toString } from 'mdast-util-to-string'
import remarkGfm from 'remark-gfm'
import remarkParse from 'remark-parse'
import { unified } from 'unified'
import { visit } from 'unist-util-visit'
import { slug } from '../tangle/names.ts'

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
}

export interface Parsed { tree: Root, sections: Section[] }

const parser = unified().use(remarkParse).use(remarkGfm).freeze()

/** The last parses by text: of a book, one chapter changes at a time. */
const parsed = new Map<string, Parsed>()

/** Parses a chapter; the same text is parsed once. The tree is shared: copy it to change it. */
export function parsePage(text: string): Parsed {
  const known = parsed.get(text)
  if (known) return known
  const tree = parser.parse(text) as Root
  const result = { tree, sections: sectionsOf(tree) }
  parsed.set(text, result)
  return result
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
  const title = match?.[2] || text
  const id = slug(match ? match[1] : text) || 'section'
  const { line } = heading.position!.start
  return { depth: heading.depth, tag: match?.[1], title, id, anchor: anchorOf(text), line }
}

/** Code hosts keep letters, digits, '-' and '_', and turn spaces into '-'. */
const anchorOf = (text: string) =>
  text.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-')

/** A chapter's body: its Markdown as HTML, with blocks, tags and notes woven in. */
import type { Blockquote, Code, Link, PhrasingContent, Root, Text } from 'mdast'
import { toHtml } from 'hast-util-to-html'
import { toString } from 'mdast-util-to-string'
import remarkRehype from 'remark-rehype'
import { unified } from 'unified'
import { SKIP, visit } from 'unist-util-visit'
import type { Diagnostics } from '../tangle/diagnostics.ts'
import { weaveBlock } from './block.ts'
import type { Colourist } from './highlight.ts'
import { relative, urlOf, type Page, type Site } from './model.ts'

const toHast = unified().use(remarkRehype, { allowDangerousHtml: true }).freeze()

/** The HTML between a page's header and footer; errors of its pictures go to `out`. */
export async function weaveBody(
  site: Site, page: Page, colourist: Colourist, out: Diagnostics,
): Promise<string> {
  const tree = structuredClone(page.tree)
  await weaveBlocks(site, page, tree, colourist, out)
  linkTags(site, page, tree)
  linkChapters(page, tree)
  markNotes(tree)
  linkHeadings(tree)
  const hast = await toHast.run(tree)
  return toHtml(hast as never, { allowDangerousHtml: true })
}

async function weaveBlocks(
  site: Site, page: Page, tree: Root, colourist: Colourist, out: Diagnostics,
): Promise<void> {
  const fences: Code[] = []
  visit(tree, 'code', (node) => { fences.push(node) })
  for (const node of fences) {
    const value = await weaveBlock(site, page, node, colourist, out)
    Object.assign(node, { type: 'html', value })
  }
}

const tag = /\b[LHPSM]:\d{3,4}\b/g

/** A tag named in the prose leads to the section that carries it. */
function linkTags(site: Site, page: Page, tree: Root): void {
  visit(tree, (node, index, parent) => {
    if (node.type === 'heading' || node.type === 'link') return SKIP
    if (node.type !== 'text' || !parent || index === undefined) return undefined
    const parts = splitTags(site, page, node)
    if (parts.length < 2) return undefined
    parent.children.splice(index, 1, ...parts as never[])
    return [SKIP, index + parts.length]
  })
}

function splitTags(site: Site, page: Page, node: Text): PhrasingContent[] {
  const parts: PhrasingContent[] = []
  let from = 0
  for (const match of node.value.matchAll(tag)) {
    const place = site.tags.get(match[0])
    if (!place) continue
    const text = { type: 'text', value: match[0] } as const
    const url = relative(page.url, place.url)
    if (match.index > from) parts.push({ type: 'text', value: node.value.slice(from, match.index) })
    parts.push({ type: 'link', url, title: place.title, children: [text] } satisfies Link)
    from = match.index + match[0].length
  }
  if (from < node.value.length) parts.push({ type: 'text', value: node.value.slice(from) })
  return parts
}

/** Links between chapters name .md files, as code hosts want; here they are pages. */
function linkChapters(page: Page, tree: Root): void {
  const folder = page.path.split('/').slice(0, -1)
  visit(tree, 'link', (link) => {
    const match = /^([^:#]*\.md)(#.*)?$/.exec(link.url)
    if (!match) return
    const steps = [...folder]
    for (const step of match[1].split('/')) {
      if (step === '..') steps.pop()
      else if (step !== '.') steps.push(step)
    }
    link.url = relative(page.url, urlOf(steps.join('/')) + (match[2] ?? ''))
  })
}

/** Sections carry a link to themselves, to be copied. */
function linkHeadings(tree: Root): void {
  visit(tree, 'heading', (heading) => {
    const { id } = heading.data!.hProperties as { id: string }
    if (heading.depth === 1) return
    const hProperties = { className: ['anchor'], ariaLabel: 'Link to this section' }
    heading.children.push({ type: 'link', url: `#${id}`, data: { hProperties }, children: [{ type: 'text', value: '#' }] })
  })
}

/** A quotation that opens with a bold 'Margin note.' stands in the margin. */
function markNotes(tree: Root): void {
  visit(tree, 'blockquote', (quote: Blockquote) => {
    const first = quote.children[0]
    const strong = first?.type === 'paragraph' ? first.children[0] : undefined
    if (strong?.type !== 'strong' || !/^Margin note/.test(toString(strong))) return
    quote.data = { hName: 'aside', hProperties: { className: ['margin-note'], role: 'note' } }
  })
}

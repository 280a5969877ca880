/** A chapter's body: its Markdown as HTML, with blocks, tags and notes woven in. */
import type { Blockquote, Code, Root } from 'mdast'
import { toHtml } from 'hast-util-to-html'
import { toString } from 'mdast-util-to-string'
import remarkRehype from 'remark-rehype'
import { unified } from 'unified'
import { visit } from 'unist-util-visit'
import type { Diagnostics } from '../tangle/diagnostics.ts'
import { weaveBlock } from './block.ts'
import type { Colourist } from './highlight.ts'
import { relative, urlOf, type Page, type Site } from './model.ts'
import { linkTags } from './tags.ts'

const toHast = unified().use(remarkRehype, { allowDangerousHtml: true }).freeze()

/** The HTML between a page's header and footer; errors of its pictures go to `out`. */
export async function weaveBody(
  site: Site, page: Page, colourist: Colourist, out: Diagnostics,
): Promise<string> {
  const tree = structuredClone(page.tree)
  await weaveBlocks(site, page, tree, colourist, out)
  linkTags(site, tree, ({ url, title }) => ({ url: relative(page.url, url), title }))
  linkChapters(page, tree)
  markNotes(tree)
  linkHeadings(tree)
  keepTogether(tree)
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

/** Links between chapters name .md files, as code hosts want; here they are pages. */
function linkChapters(page: Page, tree: Root): void {
  visit(tree, 'link', (link) => {
    const target = chapterLinked(page, link.url)
    if (target) link.url = relative(page.url, urlOf(target.path) + (target.id ? `#${target.id}` : ''))
  })
}

/** The chapter, and the id in it, that a link of `page` names; none if it leads elsewhere. */
export function chapterLinked(page: Page, url: string): { path: string, id?: string } | undefined {
  const match = /^([^:#]*\.md)(?:#(.*))?$/.exec(url)
  if (!match) return undefined
  const steps = page.path.split('/').slice(0, -1)
  for (const step of match[1].split('/')) {
    if (step === '..') steps.pop()
    else if (step !== '.') steps.push(step)
  }
  return { path: steps.join('/'), id: match[2] }
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

/** Code in a line is broken only where it is long: `--stats` reads badly in two. */
function keepTogether(tree: Root): void {
  visit(tree, 'inlineCode', (code) => {
    if (code.value.length <= 24) code.data = { hProperties: { className: ['short'] } }
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

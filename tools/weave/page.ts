/** A chapter's body: its Markdown as HTML, with blocks, tags and notes woven in. */
import type { Code, Heading, PhrasingContent, Root, RootContent } from 'mdast'
import { toHtml } from 'hast-util-to-html'
import remarkRehype from 'remark-rehype'
import { unified } from 'unified'
import { visit } from 'unist-util-visit'
import type { Diagnostics } from '../tangle/diagnostics.ts'
import { weaveBlock } from './block.ts'
import { escape, type Colourist } from './highlight.ts'
import { relative, urlOf, type Page, type Site } from './model.ts'
import { hangNotes } from './notes.ts'
import { linkTags } from './tags.ts'

const toHast = unified().use(remarkRehype, { allowDangerousHtml: true }).freeze()

/** The title as HTML, and all that stands under it; errors of pictures go to `out`. */
export async function weaveBody(
  site: Site, page: Page, colourist: Colourist, out: Diagnostics,
): Promise<{ title: string, html: string }> {
  const tree = structuredClone(page.tree)
  const title = takeTitle(page, tree)
  await weaveBlocks(site, page, tree, colourist, out)
  linkTags(site, tree, ({ url, title }) => ({ url: relative(page.url, url), title }))
  linkChapters(page, tree)
  hangNotes(tree)
  tagHeadings(page, tree)
  keepTogether(tree)
  openCorners(tree)
  return { title: await asHtml(title), html: await asHtml(tree.children) }
}

async function asHtml(children: RootContent[]): Promise<string> {
  const hast = await toHast.run({ type: 'root', children } as Root)
  return toHtml(hast as never, { allowDangerousHtml: true })
}

/** The chapter's opening shows title and summary in its own way. */
function takeTitle(page: Page, tree: Root): PhrasingContent[] {
  const at = tree.children.findIndex((node) => node.type === 'heading' && node.depth === 1)
  if (at < 0) return [{ type: 'text', value: page.title }]
  const [heading] = tree.children.splice(at, page.summary ? 2 : 1)
  return withoutTag(heading as Heading)
}

/** A heading's text without the tag it opens with. */
function withoutTag({ children }: Heading): PhrasingContent[] {
  const [first, ...others] = children
  if (first?.type !== 'text') return children
  return [{ ...first, value: first.value.replace(/^[BLHPSDGEM]:\d{3,4}\b[\s:.,–—-]*/, '') }, ...others]
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

/** A section's tag stands before its heading, in the margin; the rest of it is a link to itself. */
function tagHeadings(page: Page, tree: Root): void {
  const sections = new Map(page.sections.map((section) => [section.id, section]))
  visit(tree, 'heading', (heading) => {
    const { id } = heading.data!.hProperties as { id: string }
    const tag = sections.get(id)?.tag
    const label = tag ? `<span class="tag">${escape(tag)}</span> ` : ''
    heading.children = [
      { type: 'html', value: label },
      ...withoutTag(heading),
      { type: 'html', value: ` <a class="anchor" href="#${id}" aria-label="Link to this section">#</a>` },
    ]
  })
}

/** An empty cell heads no column, be it in the row of heads. */
function openCorners(tree: Root): void {
  visit(tree, 'tableCell', (cell) => {
    if (cell.children.length === 0) cell.data = { hName: 'td' }
  })
}

/** Code in a line is broken only where it is long: `--stats` reads badly in two. */
function keepTogether(tree: Root): void {
  visit(tree, 'inlineCode', (code) => {
    if (code.value.length <= 24) code.data = { hProperties: { className: ['short'] } }
  })
}

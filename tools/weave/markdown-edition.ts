/**
 * The Markdown edition: the chapters with their cross-references spelled out,
 * for readers whose pages are made by a code host or a pager.
 */
import type { Code, Link, Paragraph, PhrasingContent, Root, RootContent } from 'mdast'
import remarkGfm from 'remark-gfm'
import remarkStringify from 'remark-stringify'
import { unified } from 'unified'
import { sectionName } from './block.ts'
import { keyOf, nameOf, relative, type Page, type Site, type Woven } from './model.ts'

const composer = unified().use(remarkGfm).use(remarkStringify, { bullet: '-', rule: '-' }).freeze()

const asMarkdown = (url: string) => url.replace(/\.html(?=#|$)/, '.md')

/** A chapter of the edition, as text. */
export function markdownOf(site: Site, page: Page): string {
  const tree: Root = structuredClone(page.tree)
  tree.children = tree.children.flatMap((node): RootContent[] =>
    node.type === 'code' ? spelled(site, page, node) : [node])
  return composer.stringify(tree as never)
}

/** A block with its name over it and its neighbours under it. */
function spelled(site: Site, page: Page, node: Code): RootContent[] {
  const woven = site.woven.get(keyOf(page.path, node.position!.start.line))
  const bare: Code = { type: 'code', lang: node.lang, value: node.value }
  if (!woven) return [bare]
  const below = neighbours(site, page, woven)
  return [heading(site, woven), bare, ...(below ? [below] : [])]
}

function heading(site: Site, woven: Woven): Paragraph {
  const name = nameOf(site, woven.definition)
  const children: PhrasingContent[] = [
    { type: 'html', value: `<a id="${woven.id}"></a>` },
    { type: 'strong', children: [{ type: 'text', value: woven.definition.root ? name : `⟨${name}⟩` }] },
  ]
  if (woven.nth) children.push({ type: 'text', value: ', continued' })
  return { type: 'paragraph', children }
}

function neighbours(site: Site, page: Page, woven: Woven): Paragraph | undefined {
  const all = site.blocksOf.get(woven.definition)!
  const groups: [string, Woven[]][] = [
    ['Defined in', woven.nth ? [all[0]] : []],
    ['Extended in', all.filter((other, i) => i > 0 && other !== woven)],
    ['Used in', site.usedIn.get(woven.definition) ?? []],
  ]
  const spans = groups.filter(([, list]) => list.length > 0).map(([what, list]) =>
    [text(`${what} `), ...joined(list.map((other) => link(site, page, other)))])
  if (spans.length === 0) return undefined
  const children = spans.flatMap((span, i) => (i ? [text('. '), ...span] : span))
  return { type: 'paragraph', children: [{ type: 'emphasis', children: [...children, text('.')] }] }
}

const text = (value: string): PhrasingContent => ({ type: 'text', value })

const joined = (links: Link[]): PhrasingContent[] =>
  links.flatMap((one, i) => (i ? [text(', '), one] : [one]))

function link(site: Site, page: Page, woven: Woven): Link {
  const name = `${nameOf(site, woven.definition)} (${sectionName(site, woven)})`
  const url = asMarkdown(relative(page.url, woven.url))
  return { type: 'link', url, children: [{ type: 'text', value: name }] }
}

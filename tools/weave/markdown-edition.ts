/**
 * The Markdown edition: the chapters with their cross-references spelled out,
 * for readers whose pages are made by a code host or a pager.
 *
 * Sections are linked by the ids that code hosts give their headings; blocks
 * have an anchor of their own.
 */
import type { Code, Link, Paragraph, PhrasingContent, Root, RootContent, Text } from 'mdast'
import remarkGfm from 'remark-gfm'
import remarkStringify from 'remark-stringify'
import { unified } from 'unified'
import { visit } from 'unist-util-visit'
import { sectionName } from './block.ts'
import { isPicture } from './pictures/draw.ts'
import { PictureError } from './pictures/picture.ts'
import { timelineAsText } from './pictures/timeline-text.ts'
import { neighbourhood } from './places.ts'
import { bookTitle, partsWith } from './contents.ts'
import { filesOf, keyOf, nameOf, relative, type Page, type Site, type TagPlace, type Woven } from './model.ts'
import { chapterLinked } from './page.ts'
import { linkTags } from './tags.ts'

const composer = unified().use(remarkGfm).use(remarkStringify, { bullet: '-', rule: '-' }).freeze()

const asMarkdown = (url: string) => url.replace(/\.html(?=#|$)/, '.md')

/** A chapter of the edition, as text. */
export function markdownOf(site: Site, page: Page): string {
  const tree: Root = structuredClone(page.tree)
  linkTags(site, tree, (place) => ({ url: toSection(page, place) }))
  linkSections(site, page, tree)
  unlinkPages(tree)
  tree.children = tree.children.flatMap((node): RootContent[] =>
    node.type === 'code' ? spelled(site, page, node) : [node])
  tree.children.push({ type: 'thematicBreak' }, turns(site, page))
  return composer.stringify(tree as never)
}

/** What opens the edition: its chapters in reading order, and the index of tags. */
export function contentsOf(site: Site): string {
  const parts = partsWith(site.pages).flatMap(([{ letter, name }, pages]): RootContent[] =>
    [head(2, `${letter} · ${name}`), bullets(pages.map((page) =>
      [text(`${page.number} `), linkTo(asMarkdown(page.url), page.title), ...said(page)]))])
  const tags = [...site.tags.values()].map((place): PhrasingContent[] =>
    [linkTo(asMarkdown(place.url.split('#')[0]) + `#${place.anchor}`, place.tag), text(` ${place.title}`)])
  const children = [head(1, bookTitle), ...introduction.map(paragraph), ...parts, head(2, 'Tags'), bullets(tags)]
  return composer.stringify({ type: 'root', children } as never)
}

const introduction = [
  'lguest was the smallest real hypervisor in Linux, and its source was famous for being told as a '
    + 'journey. This is lguest rebuilt in TypeScript, as that journey, down to the processor it runs on. The '
    + 'chapters are the only source of the system: their code, put together, boots kernels.',
  'This edition is for pagers and code hosts. Over each piece of code stand the file that it goes to, the '
    + 'definition that it follows there, and its name in ⟨brackets⟩; a comment such as // <<Some name>> in the code '
    + 'is the place where the piece of that name goes. Under it stand the pieces it refers to, and those that refer to it. '
    + 'Addresses in pictures grow upward.',
]

const paragraph = (value: string): RootContent => ({ type: 'paragraph', children: [text(value)] })

const head = (depth: 1 | 2, value: string): RootContent => ({ type: 'heading', depth, children: [text(value)] })

/** Pages of the site that run something are not in the edition: their names stay, as text. */
function unlinkPages(tree: Root): void {
  visit(tree, 'link', (link, index, parent) => {
    if (!parent || index === undefined || !/^\.\.\/[\w-]+\.html$/.test(link.url)) return
    parent.children.splice(index, 1, ...link.children)
  })
}

const linkTo = (url: string, value: string): Link => ({ type: 'link', url, children: [text(value) as Text] })

const bullets = (lines: PhrasingContent[][]): RootContent => ({
  type: 'list', spread: false,
  children: lines.map((children) => ({ type: 'listItem', spread: false, children: [{ type: 'paragraph', children }] })),
})

const said = (page: Page): PhrasingContent[] =>
  (page.summary ? [{ type: 'html', value: '<br>' }, text(page.summary.replace(/<[^>]*>/g, ''))] : [])

function toSection(page: Page, place: TagPlace): string {
  const file = place.url.split('#')[0]
  return (file === page.url ? '' : asMarkdown(relative(page.url, file))) + `#${place.anchor}`
}

/** A link to another chapter's section names the site's id of it; here it is the code host's. */
function linkSections(site: Site, page: Page, tree: Root): void {
  visit(tree, 'link', (link) => {
    const target = chapterLinked(page, link.url)
    const section = site.pageOf.get(target?.path ?? '')?.sections.find(({ id }) => id === target!.id)
    if (section) link.url = link.url.replace(/#.*/, `#${section.anchor}`)
  })
}

/** The way on and back, and to the contents. */
function turns(site: Site, page: Page): Paragraph {
  const at = site.pages.indexOf(page)
  const to = (other: Page | undefined, what: string): PhrasingContent[] =>
    other ? [text(what), linkTo(asMarkdown(relative(page.url, other.url)), other.title), text(' · ')] : []
  return { type: 'paragraph', children: [
    ...to(site.pages[at - 1], 'Before: '), ...to(site.pages[at + 1], 'Next: '),
    linkTo(relative(page.url, 'README.md'), 'Contents'),
  ] }
}

/** A block with its name over it and its neighbours under it. */
function spelled(site: Site, page: Page, node: Code): RootContent[] {
  const woven = site.woven.get(keyOf(page.path, node.position!.start.line))
  const bare: Code = isPicture(node.lang) ? drawn(node) : { type: 'code', lang: node.lang, value: node.value }
  if (!woven) return [bare]
  const below = neighbours(site, page, woven)
  return [heading(site, woven), bare, ...(below ? [below] : [])]
}

/** Most pictures read as they are typed; a timeline is drawn. One with mistakes stays as it is. */
function drawn(node: Code): Code {
  try {
    const value = node.lang === 'timeline' ? timelineAsText(node.value) : node.value
    return { type: 'code', lang: 'text', value }
  } catch (error) {
    if (!(error instanceof PictureError)) throw error
    return { type: 'code', lang: 'text', value: node.value }
  }
}

/** The file a block goes to and where in it, its name, and which piece it is. */
function heading(site: Site, woven: Woven): Paragraph {
  const { definition, nth, id, block } = woven
  const files = filesOf(site, definition).flatMap((file, i): PhrasingContent[] =>
    [...(i ? [text(', ')] : []), { type: 'strong', children: [{ type: 'inlineCode', value: file }] }])
  const place = site.places.get(block)?.[0]
  const { inside, after } = place && place.from > 1 ? neighbourhood(place) : {}
  const pieces = site.blocksOf.get(definition)!.length
  const where: PhrasingContent[] = [
    ...(inside ? [text(', in '), { type: 'inlineCode' as const, value: inside }] : []),
    ...(after ? [text(', after '), { type: 'inlineCode' as const, value: after }] : []),
  ]
  const name = definition.root ? '' : `: ⟨${nameOf(site, definition)}⟩`
  return { type: 'paragraph', children: [
    { type: 'html', value: `<a id="${id}"></a>` }, ...files, ...where,
    text(`${name}${pieces > 1 ? `, piece ${nth + 1} of ${pieces}` : ''}`),
  ] }
}

function neighbours(site: Site, page: Page, woven: Woven): Paragraph | undefined {
  const all = site.blocksOf.get(woven.definition)!
  const groups: [string, Woven[]][] = [
    ['Refers to', [...woven.block.references.values()].flatMap(({ id }) => site.firstOf.get(id) ?? [])],
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

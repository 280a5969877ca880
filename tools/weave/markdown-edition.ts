/**
 * The Markdown edition: the chapters with their cross-references spelled out,
 * for readers whose pages are made by a code host or a pager.
 *
 * Sections are linked by the ids that code hosts give their headings; blocks
 * have an anchor of their own.
 */
import type { Code, Link, Nodes, Paragraph, PhrasingContent, RootContent, Text } from 'mdast'
import remarkGfm from 'remark-gfm'
import remarkStringify from 'remark-stringify'
import { unified } from 'unified'
import { SKIP, visit } from 'unist-util-visit'
import { sectionName } from './block.ts'
import { isPicture } from './pictures/draw.ts'
import { PictureError } from './pictures/picture.ts'
import { timelineAsText } from './pictures/timeline-text.ts'
import { neighbourhood } from './places.ts'
import { bookTitle, partsWith } from './contents.ts'
import { filesOf, keyOf, nameOf, relative, type Page, type Site, type TagPlace, type Woven } from './model.ts'
import { chapterLinked } from './page.ts'
import { tag } from './tags.ts'

const composer = unified().use(remarkGfm).use(remarkStringify, { bullet: '-', rule: '-' }).freeze()

const asMarkdown = (url: string) => url.replace(/\.html(?=#|$)/, '.md')

/** What stands in a text from one offset to another is to be `text`. */
interface Edit { from: number, to: number, text: string }

/** A chapter of the edition: its text as typed, but for links and what stands around code. */
export function markdownOf(site: Site, page: Page): string {
  const edits = [...tagsLinked(site, page), ...linksTurned(site, page), ...blocksSpelled(site, page)]
  let text = ''
  let at = 0
  for (const edit of edits.sort((a, b) => a.from - b.from)) {
    text += page.text.slice(at, edit.from) + edit.text
    at = edit.to
  }
  return `${text}${page.text.slice(at).trimEnd()}\n\n${compose([{ type: 'thematicBreak' }, turns(site, page)])}`
}

const compose = (children: RootContent[]): string => composer.stringify({ type: 'root', children } as never)

/** The node's place in its chapter. */
function edited({ position }: Nodes, text: string): Edit {
  return { from: position!.start.offset!, to: position!.end.offset!, text }
}

/** What opens the edition: its chapters in reading order, and the index of tags. */
export function contentsOf(site: Site): string {
  const parts = partsWith(site.pages).flatMap(([{ letter, name }, pages]): RootContent[] =>
    [head(2, `${letter} · ${name}`), bullets(pages.map((page) =>
      [text(`${page.number} `), linkTo(asMarkdown(page.url), page.title), ...said(page)]))])
  const tags = [...site.tags.values()].map((place): PhrasingContent[] =>
    [linkTo(asMarkdown(place.url.split('#')[0]) + `#${place.anchor}`, place.tag), text(` ${place.title}`)])
  return compose([head(1, bookTitle), ...introduction.map(paragraph), ...parts, head(2, 'Tags'), bullets(tags)])
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

/** Tags outside of headings and links lead to their sections. */
function tagsLinked(site: Site, page: Page): Edit[] {
  const edits: Edit[] = []
  visit(page.tree, (node) => {
    if (node.type === 'heading' || node.type === 'link') return SKIP
    if (node.type !== 'text') return undefined
    const { from, to } = edited(node, '')
    const typed = page.text.slice(from, to)
    const text = typed.replace(tag, (name) => {
      const place = site.tags.get(name)
      return place ? `[${name}](${toSection(page, place)})` : name
    })
    if (text !== typed) edits.push({ from, to, text })
    return undefined
  })
  return edits
}

/**
 * A link to another chapter's section names the site's id of it; here it is the code host's. Pages
 * of the site that run something are not in the edition: their names stay, as text.
 */
function linksTurned(site: Site, page: Page): Edit[] {
  const edits: Edit[] = []
  visit(page.tree, 'link', (node) => {
    const { from, to } = edited(node, '')
    const typed = page.text.slice(from, to)
    if (/^\.\.\/[\w-]+\.html$/.test(node.url)) {
      edits.push({ from, to, text: typed.slice(1, typed.lastIndexOf('](')) })
      return
    }
    const target = chapterLinked(page, node.url)
    const section = site.pageOf.get(target?.path ?? '')?.sections.find(({ id }) => id === target!.id)
    if (section) edits.push({ from, to, text: typed.replace(/#[^#]*?(?=\)$| ")/, `#${section.anchor}`) })
  })
  return edits
}

const blocksSpelled = (site: Site, page: Page): Edit[] => page.tree.children.flatMap((node) =>
  node.type === 'code' ? edited(node, spelled(site, page, node)) : [])

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
function spelled(site: Site, page: Page, node: Code): string {
  const woven = site.woven.get(keyOf(page.path, node.position!.start.line))
  const bare: Code = isPicture(node.lang) ? drawn(node) : { type: 'code', lang: node.lang, value: node.value }
  const parts = woven ? [heading(site, woven), compose([bare]), neighbours(site, page, woven)] : [compose([bare])]
  return parts.filter(Boolean).map((part) => part.trimEnd()).join('\n\n')
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
function heading(site: Site, woven: Woven): string {
  const { definition, nth, id, block } = woven
  const files = filesOf(site, definition).map((file) => `**\`${file}\`**`).join(', ')
  const place = site.places.get(block)?.[0]
  const { inside, after } = place && place.from > 1 ? neighbourhood(place) : {}
  const where = (inside ? `, in \`${inside}\`` : '') + (after ? `, after \`${after}\`` : '')
  const pieces = site.blocksOf.get(definition)!.length
  const name = definition.root ? '' : `: ⟨${escaped(nameOf(site, definition))}⟩`
  return `<a id="${id}"></a>${files}${where}${name}${pieces > 1 ? `, piece ${nth + 1} of ${pieces}` : ''}`
}

function neighbours(site: Site, page: Page, woven: Woven): string {
  const all = site.blocksOf.get(woven.definition)!
  const groups: [string, Woven[]][] = [
    ['Refers to', [...woven.block.references.values()].flatMap(({ id }) => site.firstOf.get(id) ?? [])],
    ['Defined in', woven.nth ? [all[0]] : []],
    ['Extended in', all.filter((other, i) => i > 0 && other !== woven)],
    ['Used in', site.usedIn.get(woven.definition) ?? []],
  ]
  const spans = groups.filter(([, list]) => list.length > 0).map(([what, list]) =>
    `${what} ${list.map((other) => link(site, page, other)).join(', ')}`)
  return spans.length > 0 ? `*${spans.join('. ')}.*` : ''
}

const text = (value: string): PhrasingContent => ({ type: 'text', value })

function link(site: Site, page: Page, woven: Woven): string {
  const name = `${nameOf(site, woven.definition)} (${sectionName(site, woven)})`
  return `[${escaped(name)}](${asMarkdown(relative(page.url, woven.url))})`
}

const known = new Map<string, string>()

/** A name as it is to be typed in a link; thousands of blocks name the same few hundred. */
function escaped(name: string): string {
  if (!known.has(name)) known.set(name, /^\[(.*)\]\(-\)/.exec(compose([{ type: 'paragraph', children: [linkTo('-', name)] }]))![1])
  return known.get(name)!
}

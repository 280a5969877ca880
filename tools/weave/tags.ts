/** Tags in the prose, such as H:205, as links to the sections that carry them. */
import type { Link, PhrasingContent, Root, Text } from 'mdast'
import { SKIP, visit } from 'unist-util-visit'
import { escape } from './highlight.ts'
import type { Site, TagPlace } from './model.ts'

/** Where a tag's link leads, as seen from the page it is on, and what it says when pointed at. */
export type Address = (place: TagPlace) => { url: string, title?: string }

/** A tag in a text. */
export const tag = /\b[BLHPSDGEM]:\d{3,4}\b/g

/** Changes every tag that stands outside of headings and links; unknown ones stay text. */
export function linkTags(site: Site, tree: Root, address: Address): void {
  visit(tree, (node, index, parent) => {
    if (node.type === 'heading' || node.type === 'link') return SKIP
    if (node.type !== 'text' || !parent || index === undefined) return undefined
    const parts = splitTags(site, node, address)
    if (parts.length < 2 && parts[0]?.type !== 'link') return undefined
    parent.children.splice(index, 1, ...parts as never[])
    return [SKIP, index + parts.length]
  })
}

function splitTags(site: Site, node: Text, address: Address): PhrasingContent[] {
  const parts: PhrasingContent[] = []
  let from = 0
  for (const match of node.value.matchAll(tag)) {
    const place = site.tags.get(match[0])
    if (!place) continue
    const text = { type: 'text', value: match[0] } as const
    if (match.index > from) parts.push({ type: 'text', value: node.value.slice(from, match.index) })
    const data = { hProperties: { dataTag: place.tag } }
    parts.push({ type: 'link', ...address(place), data, children: [text] } satisfies Link)
    from = match.index + match[0].length
  }
  if (from < node.value.length) parts.push({ type: 'text', value: node.value.slice(from) })
  return parts
}

/** The same for HTML that is no tree yet; its text holds no links and no SVG. */
export function linkTagsInHtml(site: Site, html: string, address: Address): string {
  return html.replace(/>[^<>]+</g, (text) => text.replace(tag, (name) => {
    const place = site.tags.get(name)
    if (!place) return name
    const { url, title } = address(place)
    return `<a href="${url}"${title ? ` title="${escape(title)}"` : ''} data-tag="${name}">${name}</a>`
  }))
}

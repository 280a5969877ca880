/** Pages that are no chapters: the cover, the index of tags, the index of files. */
import { bySubject } from './contents.ts'
import { escape } from './highlight.ts'
import { bookTitle, type Frame } from './layout.ts'
import { partNames, wholeUrl, type Page, type Site, type Woven } from './model.ts'
import { sectionName } from './block.ts'
import { toString } from 'mdast-util-to-string'

/** The cover: what this is, and the parts with their chapters. */
export function cover(site: Site): Frame {
  const parts = Object.entries(partNames).map(([part, name]) => {
    const pages = site.pages.filter((page) => page.part === part)
    if (pages.length === 0) return ''
    const lists = bySubject(pages).map(([subject, inside]) =>
      `${subject ? `<h3>${subject}</h3>` : ''}<dl>${inside.map(entry).join('\n')}</dl>`)
    return `<section><h2>${part} · ${name}</h2>${lists.join('\n')}</section>`
  })
  const first = site.pages[0]
  const start = first ? `<p><a class="start" href="${first.url}">Start reading →</a></p>` : ''
  const body = `<h1>${bookTitle}</h1>
<p class="lead">A book that is a hypervisor. lguest, the smallest real hypervisor that Linux
ever had, told again in TypeScript: these chapters are its only source, and what they
tell boots kernels.</p>${start}${parts.join('\n')}`
  return { url: 'index.html', title: bookTitle, body }
}

function entry(page: Page): string {
  const opening = page.tree.children.find((node) => node.type === 'paragraph')
  const sentence = opening ? /^.*?[.!?](?=\s|$)/s.exec(toString(opening))?.[0] ?? '' : ''
  return `<dt><small>${page.number}</small> <a href="${page.url}">${escape(page.title)}</a></dt><dd>${escape(sentence)}</dd>`
}

/** Every tag, by part and number, with its section. */
export function tagIndex(site: Site): Frame {
  const parts = Object.entries(partNames).map(([part, name]) => {
    const tags = [...site.tags.values()].filter(({ tag }) => tag[0] === part)
      .sort((a, b) => Number(a.tag.slice(2)) - Number(b.tag.slice(2)))
    const rows = tags.map(({ tag, title, url }) =>
      `<tr><td><a href="${url}">${tag}</a></td><td>${escape(title)}</td></tr>`)
    return rows.length === 0 ? ''
      : `<h2>${part} · ${name}</h2><table class="index">${rows.join('\n')}</table>`
  })
  return { url: 'tags.html', title: 'Index of tags', body: `<h1>Index of tags</h1>${parts.join('\n')}` }
}

/** Every file of the tangled system, and where its parts are told. */
export function fileIndex(site: Site): Frame {
  const roots = [...site.blocksOf].filter(([definition]) => definition.root)
    .sort(([a], [b]) => (a.name < b.name ? -1 : 1))
  const rows = roots.map(([definition, blocks]) => {
    const places = blocks.map((woven) => place(site, woven)).join(', ')
    return `<tr><td><a href="${wholeUrl(definition.name)}"><code>${escape(definition.name)}</code></a></td><td>${places}</td></tr>`
  })
  const body = `<h1>Files of the system</h1><table class="index">${rows.join('\n')}</table>`
  return { url: 'files.html', title: 'Files of the system', body }
}

function place(site: Site, woven: Woven): string {
  return `<a href="${woven.url}">${escape(sectionName(site, woven))}</a>`
}

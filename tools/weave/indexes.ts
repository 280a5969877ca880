/** Pages that are no chapters: contents, the index of tags, the index of files. */
import { bookUrl } from './book-page.ts'
import { bySubject, duration, partsWith, type Part } from './contents.ts'
import { fileTable } from './file-tree.ts'
import { escape } from './highlight.ts'
import type { Frame } from './layout.ts'
import { emblem } from './map.ts'
import type { Page, Site } from './model.ts'

/** How a page opens that is no chapter. */
export const heading = (over: string, title: string, about: string) =>
  `<header class="opening"><p class="part">${over}</p><h1>${title}</h1><p class="summary">${about}</p></header>`

/** Every chapter with what it tells; with `editions`, where the other forms of the book are. */
export function contents(site: Site, editions = false): Frame {
  const minutes = site.pages.reduce((sum, page) => sum + page.minutes, 0)
  const parts = partsWith(site.pages).map(([part, pages]) => partOfContents(part, pages))
  const body = heading('The journey', 'Contents',
    `${site.pages.length} chapters; some ${duration(minutes)} with all of the code, and far less without.`)
    + (editions ? otherForms : '') + parts.join('\n')
  return { url: 'contents.html', title: 'Contents', body, wide: true }
}

const otherForms = `<p class="editions">The whole book is also <a href="${bookUrl}">one page, to be printed</a>,
and <a href="markdown/README.md">Markdown</a>, for pagers.</p>`

function partOfContents({ letter, name }: Part, pages: Page[]): string {
  const lists = bySubject(pages).map(([subject, inside]) =>
    `${subject ? `<h3>${subject}</h3>` : ''}<ol class="toc">${inside.map(entry).join('\n')}</ol>`)
  return `<section class="toc-part"><header>${emblem(letter)}<h2 id="part-${letter}"><span class="tag">${letter}</span> ${name}</h2></header>${lists.join('\n')}</section>`
}

function entry({ number, url, title, summary, minutes }: Page): string {
  return `<li><a href="${url}"><span class="tag">${number}</span> <b>${escape(title)}</b></a>
<span class="minutes">${duration(minutes)}</span>${summary ? `<p>${summary}</p>` : ''}</li>`
}

/** Every tag, by part and number, with its section. */
export function tagIndex(site: Site): Frame {
  const parts = partsWith(site.pages).map(([{ letter, name }]) => {
    const tags = [...site.tags.values()].filter(({ tag }) => tag[0] === letter)
      .sort((a, b) => Number(a.tag.slice(2)) - Number(b.tag.slice(2)))
    const rows = tags.map(({ tag, title, url }) =>
      `<tr><td><a href="${url}">${tag}</a></td><td>${escape(title)}</td></tr>`)
    return rows.length === 0 ? ''
      : `<h2 id="tags-${letter}">${letter} · ${name}</h2><table class="index">${rows.join('\n')}</table>`
  })
  const body = heading('Index', 'Tags', 'Every place in the book that has a number of its own, as lguest’s own comments had.')
  return { url: 'tags.html', title: 'Index of tags', body: body + parts.join('\n') }
}

/** Every file of the tangled system, by folder, with what it says of itself. */
export function fileIndex(site: Site): Frame {
  const lines = [...site.files.values()].reduce((sum, file) => sum + file.lines.length, 0)
  const body = heading('Index', 'Files of the system',
    `What the chapters are tangled to: ${site.files.size} files, ${lines.toLocaleString('en')} lines.`)
  return { url: 'files.html', title: 'Files of the system', body: `${body}<div class="file-table">${fileTable(site, 'files.html')}</div>`, wide: true }
}

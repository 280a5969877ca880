/** The files of the system as a tree of folders: each with what it says of itself, and its size. */
import { lineText, type TangledFile } from '../tangle/expand.ts'
import { escape } from './highlight.ts'
import { relative, wholeUrl, type Site } from './model.ts'

interface Folder { folders: Map<string, Folder>, files: TangledFile[] }

const emptyFolder = (): Folder => ({ folders: new Map(), files: [] })

const roots = new WeakMap<Site, Folder>()

/** The folder of all files; put together once a site. */
function rootOf(site: Site): Folder {
  const known = roots.get(site)
  if (known) return known
  const root = emptyFolder()
  roots.set(site, root)
  for (const file of site.files.values()) {
    let folder = root
    for (const step of file.path.split('/').slice(0, -1)) {
      if (!folder.folders.has(step)) folder.folders.set(step, emptyFolder())
      folder = folder.folders.get(step)!
    }
    folder.files.push(file)
  }
  return root
}

/** 214 lines */
export const sizeOf = ({ lines }: TangledFile) => `${lines.length} ${lines.length === 1 ? 'line' : 'lines'}`

/** The first sentence of the comment that a file opens with; '' without one. */
export function openingComment(file: TangledFile): string {
  const words: string[] = []
  for (const line of file.lines) {
    const text = lineText(line).trim()
    if (text === '' && words.length === 0) continue
    if (!/^(\/\*\*?|\*|\/\/|#|;)/.test(text)) break
    const said = text.replace(/^(\/\*\*?|\*\/|\*|\/\/|#+|;+)\s*/, '').replace(/\s*\*\/$/, '')
    if (said === '' && words.length > 0) break
    if (said) words.push(said)
    if (text.endsWith('*/')) break
  }
  return /^.*?[.!?](?=\s|$)/.exec(words.join(' '))?.[0] ?? words.join(' ')
}

/** For the side of a file's page: folders that fold, the one that holds `from` open. */
export function fileTree(site: Site, from: string): string {
  const draw = (folder: Folder, path: string): string => {
    const folders = [...folder.folders].sort(byName).map(([name, inside]) => {
      const below = `${path}${name}/`
      const open = from.startsWith(`files/${below}`) ? ' open' : ''
      return `<li><details${open}><summary>${escape(name)}/</summary>${draw(inside, below)}</details></li>`
    })
    const files = folder.files.sort(byPath).map((file) => {
      const url = wholeUrl(file.path)
      const here = url === from ? ' aria-current="page"' : ''
      return `<li><a href="${relative(from, url)}"${here}>${escape(file.path.split('/').at(-1)!)}</a></li>`
    })
    return `<ol>${folders.join('')}${files.join('')}</ol>`
  }
  return `<p class="head">Files</p>${draw(rootOf(site), '')}`
}

/** For a page of its own: all of it open, with what each file is about. */
export function fileTable(site: Site, from: string): string {
  const draw = (folder: Folder, path: string): string => {
    const files = folder.files.sort(byPath).map((file) => {
      const about = openingComment(file)
      return `<li><a href="${relative(from, wholeUrl(file.path))}"><code>${escape(file.path.split('/').at(-1)!)}</code></a>
<span class="size">${file.lines.length}</span><span class="about">${escape(about).replace(/`([^`]+)`/g, '<code>$1</code>')}</span></li>`
    })
    const folders = [...folder.folders].sort(byName).map(([name, inside]) =>
      `<section><h2 id="${path}${name}"><code>${escape(path + name)}/</code></h2>${draw(inside, `${path}${name}/`)}</section>`)
    return (files.length ? `<ul class="files">${files.join('')}</ul>` : '') + folders.join('\n')
  }
  return draw(rootOf(site), '')
}

const byName = ([a]: [string, unknown], [b]: [string, unknown]) => (a < b ? -1 : 1)
const byPath = (a: TangledFile, b: TangledFile) => (a.path < b.path ? -1 : 1)

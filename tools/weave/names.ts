/** The index of names: what each file exports, where it is told, and which sections use it. */
import type { TangledFile } from '../tangle/expand.ts'
import { sectionName } from './block.ts'
import { exportedNames, tellerOf, type Exported } from './data.ts'
import { escape } from './highlight.ts'
import { heading } from './indexes.ts'
import type { Frame } from './layout.ts'
import { chapterName, wholeUrl, type Site, type Woven } from './model.ts'
import type { FileTypes } from './types.ts'

/** By path, what is known of the names in a file. */
export type Types = Map<string, FileTypes>

/** The page of the index. Uses are listed as far as types are known. */
export function nameIndex(site: Site, types: Types): Frame {
  const users = usersOf(site, types)
  const names = exportedNames(site).sort((a, b) => (key(a.name) < key(b.name) ? -1 : 1))
  const letters = new Map<string, Exported[]>()
  for (const name of names) {
    const letter = key(name.name)[0].toUpperCase()
    letters.set(letter, [...letters.get(letter) ?? [], name])
  }
  const lists = [...letters].map(([letter, inside]) => `<section><h2 id="names-${letter}">${letter}</h2><dl class="names">${
    inside.map((name) => entry(site, name, users.get(placeOf(name.file, name.line)) ?? new Set())).join('\n')}</dl></section>`)
  const jumps = [...letters.keys()].map((letter) => `<a href="#names-${letter}">${letter}</a>`).join(' ')
  const body = `${heading('Index', 'Names', `All ${names.length} names that the files of the system lend each other: where each is told, and who uses it.`)}
<p class="letters">${jumps}</p>${lists.join('\n')}`
  return { url: 'names.html', title: 'Index of names', body, wide: true }
}

const key = (name: string) => name.replace(/^[_$]+/, '').toLowerCase()

const placeOf = (file: TangledFile, line: number) => `${file.path}:${line}`

/** By place of definition: the tags of the sections in which something defined there is used. */
function usersOf(site: Site, types: Types): Map<string, Set<string>> {
  const users = new Map<string, Set<string>>()
  for (const [path, { known, at }] of types) {
    const file = site.files.get(path)
    if (!file) continue
    for (const [line, pairs] of Object.entries(at)) {
      const from = file.lines[Number(line) - 1] && tellerOf(site, file, Number(line))
      if (!from || isImport(file, Number(line))) continue
      const tag = tagOf(site, from)
      for (let i = 1; i < pairs.length; i += 2) addUser(users, known[pairs[i]], path, Number(line), tag)
    }
  }
  return users
}

function addUser(
  users: Map<string, Set<string>>, [, , file, line]: FileTypes['known'][number], path: string, at: number, tag: string,
): void {
  if (file === path && line === at) return
  const place = `${file}:${line}`
  if (!users.has(place)) users.set(place, new Set())
  users.get(place)!.add(tag)
}

/** An import says nothing that its use does not say again. */
const isImport = (file: TangledFile, line: number) => {
  const { block, index, text } = file.lines[line - 1]
  return text !== undefined || /^\s*(import|export) .*from |^} from /.test(block.fence.body[index]) || block.info.classes.has('hidden')
}

function tagOf(site: Site, woven: Woven): string {
  const name = sectionName(site, woven)
  return site.tags.has(name) ? name : chapterName(site.pageOf.get(woven.block.chapter)!)
}

const most = 14

function entry(site: Site, { name, kind, file, line }: Exported, users: Set<string>): string {
  const woven = tellerOf(site, file, line)
  const link = (tag: string) => {
    const place = site.tags.get(tag)
    return place ? `<a href="${place.url}">${tag}</a>` : tag
  }
  const tags = [...users].filter((tag) => tag !== tagOf(site, woven))
  const more = tags.length > most ? ` and ${tags.length - most} more` : ''
  return `<div><dt><a href="${woven.url}"><code>${escape(name)}</code></a></dt>
<dd><span>${kind}, ${link(tagOf(site, woven))}, <a href="${wholeUrl(file.path)}#L${line}">${escape(file.path)}</a></span>${
    tags.length ? ` <span class="users">used in ${tags.slice(0, most).map(link).join(' ')}${more}</span>` : ''}</dd></div>`
}

/** Every link of a site, checked against the pages and ids that are there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'

/** The site's pages, relative to its folder. */
export function pagesOf(dist: string): string[] {
  return (readdirSync(dist, { recursive: true }) as string[])
    .filter((file) => file.endsWith('.html')).sort()
}

const ids = (html: string) => new Set([...html.matchAll(/ id="([^"]*)"/g)].map((m) => m[1]))

/** One line for each link that leads nowhere, is absolute, or leaves the site. */
export function brokenLinks(dist: string): string[] {
  const html = new Map(pagesOf(dist).map((page) => [page, readFileSync(join(dist, page), 'utf8')]))
  const anchors = new Map([...html].map(([page, text]) => [page, ids(text)]))
  return [...html].flatMap(([page, text]) =>
    [...text.matchAll(/ (?:href|src)="([^"]*)"/g)].flatMap(([, url]) => {
      const wrong = whatIsWrong(dist, anchors, page, url)
      return wrong ? [`${page}: ${url}: ${wrong}`] : []
    }))
}

function whatIsWrong(
  dist: string, anchors: Map<string, Set<string>>, page: string, url: string,
): string | undefined {
  if (/^https?:/.test(url)) return undefined
  if (/^[a-z]+:|^\//.test(url)) return 'not relative'
  const [file, hash] = url.split('#')
  const target = file ? relative('.', normalize(join(dirname(page), file))) : page
  if (target.startsWith('..')) return 'leaves the site'
  if (!existsSync(join(dist, target))) return 'no such file'
  if (hash && !anchors.get(target)?.has(decodeURIComponent(hash))) return 'no such id'
  return undefined
}

/** One line for each link of a folder of Markdown that leads nowhere on a code host. */
export function brokenMarkdownLinks(folder: string): string[] {
  const files = (readdirSync(folder, { recursive: true }) as string[]).filter((file) => file.endsWith('.md')).sort()
  const prose = new Map(files.map((file) =>
    [file, readFileSync(join(folder, file), 'utf8').replace(/^(`{3,})[^]*?^\1$/gm, '')]))
  const anchors = new Map([...prose].map(([file, text]) => [file, anchorsOf(text)]))
  return [...prose].flatMap(([file, text]) =>
    [...text.matchAll(/\]\(<?([^\s()>]+)>?(?: "[^"]*")?\)/g)].flatMap(([, url]) => {
      const wrong = whatIsWrong(folder, anchors, file, url)
      return wrong ? [`${file}: ${url}: ${wrong}`] : []
    }))
}

/** Ids that a code host gives to headings, and those of anchors written as HTML. */
function anchorsOf(text: string): Set<string> {
  const found = ids(text)
  const times = new Map<string, number>()
  for (const [, heading] of text.matchAll(/^#{1,6} (.*)$/gm)) {
    const name = heading.replace(/\\(.)/g, '$1').toLowerCase().replace(/[^a-z0-9 _-]/g, '').replaceAll(' ', '-')
    const before = times.get(name) ?? 0
    times.set(name, before + 1)
    found.add(before ? `${name}-${before}` : name)
  }
  return found
}

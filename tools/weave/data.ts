/** What pages fetch when it is first asked for: scripts that hand a value to `journeyData`. */
import type { TangledFile } from '../tangle/expand.ts'
import { lineText } from '../tangle/expand.ts'
import type { FileTypes } from './types.ts'
import { keyOf, wholeUrl, type Site, type Woven } from './model.ts'

/** The text of `data/NAME.js`. */
export const dataScript = (name: string, value: unknown) =>
  `journeyData(${JSON.stringify(name)},${JSON.stringify(value)})\n`

/** By tag: its section's title, and how it begins. */
export function tagPreviews(site: Site): Record<string, [string, string]> {
  const found: Record<string, [string, string]> = {}
  for (const page of site.pages) {
    for (const { tag, title, first } of page.sections) if (tag) found[tag] ??= [title, first]
  }
  return found
}

/** A name that a file exports: what it is, and where. */
export interface Exported { name: string, kind: string, file: TangledFile, line: number }

const exported = /^export (?:declare |abstract |async )*(function|class|interface|type|enum|const|let)\*? ([\w$]+)/

/** Every exported name of the system, in the order of the files. */
export function exportedNames(site: Site): Exported[] {
  return [...site.files.values()].flatMap((file) => file.lines.flatMap((line, i) => {
    const found = exported.exec(lineText(line))
    return found ? [{ name: found[2], kind: found[1], file, line: i + 1 }] : []
  }))
}

/** What is known of a file's names, each with the address of the block that tells its definition. */
export function withAddresses(site: Site, { known, at }: FileTypes): unknown {
  return { at, known: known.map(([signature, comment, file, line]) => {
    const whole = site.files.get(file)
    return [signature, comment, file, line, whole?.lines[line - 1] ? tellerOf(site, whole, line).url : '']
  }) }
}

/** The block that tells a line of a file. */
export function tellerOf(site: Site, file: TangledFile, line: number): Woven {
  const { block } = file.lines[line - 1]
  return site.woven.get(keyOf(block.chapter, block.fence.line))!
}

/** For the search, as they are typed: tags, chapters, exported names, files. */
export function searchNames(site: Site): [name: string, what: string, url: string][] {
  const tags = [...site.tags.values()].map(({ tag, title, url }): [string, string, string] => [tag, title, url])
  const names = exportedNames(site).map(({ name, kind, file, line }): [string, string, string] =>
    [name, `${kind} of ${file.path}`, tellerOf(site, file, line).url])
  const files = [...site.files.keys()].map((path): [string, string, string] => [path, 'file', wholeUrl(path)])
  return [...tags, ...names, ...files]
}

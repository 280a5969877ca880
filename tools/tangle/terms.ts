/**
 * Words of the trade, and the section that tells what each means. No chapter
 * that is read before that one may use the word.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { at, type Diagnostics } from './diagnostics.ts'
import { Failure } from './door.ts'
import { linesOf } from './lines.ts'
import type { Outline } from './markdown.ts'
import { tagsOf } from './tags.ts'

const file = 'journey/terms.json'

/** By section, the words first told there, as whole words, with or without a plural's s. */
type Terms = Record<string, string[]>

/** The book's list of words; empty where it has none. @throws Failure where it is no JSON */
export function readTerms(root: string): Terms {
  const path = join(root, file)
  if (!existsSync(path)) return {}
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Terms
  } catch (error) {
    throw new Failure(`this is no JSON: ${(error as Error).message}`, at(file, 1, 1))
  }
}

interface Chapter extends Outline { path: string }

/** Reports each word of `terms` that stands in the prose of a chapter before the one that tells it. */
export function checkTerms(
  chapters: Chapter[], terms: Terms, text: (path: string) => string, out: Diagnostics,
): void {
  for (const [tag, words] of Object.entries(terms)) {
    const home = chapters.findIndex(({ headings }) => headings.some((h) => tagsOf(h.text).includes(tag)))
    if (home < 0) {
      out.error(at(file, 1, 1), `no heading carries the tag ${tag}`, 'where are its words told now?')
      continue
    }
    for (const word of words) {
      for (const chapter of chapters.slice(0, home)) checkWord(chapter, text(chapter.path), word, tag, out)
    }
  }
}

/** The first use of `word` in the prose of a chapter is reported. */
function checkWord(chapter: Chapter, text: string, word: string, tag: string, out: Diagnostics): void {
  const pattern = new RegExp(`(?<![\\w\`-])${word}(?:e?s)?(?![\\w\`-])`)
  const fenced = (line: number) => chapter.fences.some((f) => f.line <= line && line <= f.line + f.body.length + 1)
  const lines = linesOf(text)
  const i = lines.findIndex((line, n) => !line.startsWith('#') && pattern.test(line) && !fenced(n + 1))
  if (i < 0) return
  out.error(at(chapter.path, i + 1, lines[i].search(pattern) + 1), `'${word}' is not told before ${tag}`,
    'say it in other words, or tell it here')
}

/**
 * Output that a chapter shows: traces, sessions, tables of measurements. A
 * reader believes that some run printed it. So it is repeated by the chapter's
 * own test, or its section says when it was had.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { at, type Diagnostics } from './diagnostics.ts'
import { linesOf } from './lines.ts'
import type { Fence, Heading, Outline } from './markdown.ts'

interface Chapter extends Outline { path: string }

const traced = /^ *\d+ {2}(?:trap|call|irq) /
const prompt = /^ *puppy> /
const measure = /\b(?:before|after|ours|here|ns|ms|each|seconds|times)\b/
const numbers = /\d(?: %| ×)? {2,}[\d.,-]*\d/
const date = /\b20\d\d-\d\d-\d\d\b|\b\d{1,2} (?:January|February|March|April|May|June|July|August|September|October|November|December) 20\d\d\b/

/** The lines of a fence that some run must have printed; none where it shows none. */
function printed({ info, body }: Fence & { info?: string }): string[] {
  if (info !== undefined && info !== '' && info !== 'text') return []
  if (body.some((line) => traced.test(line))) return body
  const answers = body.filter((line, i) => i > 0 && prompt.test(body.slice(0, i).findLast((l) => l.trim() !== '') ?? '')
    && line.trim() !== '' && !prompt.test(line) && !/^ *npm /.test(line))
  if (answers.length > 0) return answers
  const rows = body.filter((line) => numbers.test(line))
  return rows.length > 1 && measure.test(body[0] ?? '') ? rows : []
}

/** Reports output of which neither a test nor a date tells where it comes from. */
export function checkOutputs(chapters: Chapter[], root: string, text: (path: string) => string, out: Diagnostics): void {
  for (const { path, fences, headings } of chapters) {
    const lines = linesOf(text(path))
    const test = testOf(root, path)
    for (const fence of fences) {
      const info = /^ *(?:`+|~+)\s*(.*)$/.exec(fence.opening)?.[1]
      const shown = printed({ ...fence, info })
      if (shown.length === 0 || told(lines, headings, fence).some((line) => date.test(line))) continue
      if (test.includes(path.split('/').at(-1)!) || shown.every((line) => test.includes(line.trim()))) continue
      out.error(at(path, fence.line, fence.column), 'output of which nobody knows when it was printed',
        'say on which day it was had, or let the test of the chapter repeat it')
    }
  }
}

/** Where a fence's day may stand: in its section, a little below it, and in the chapter's opening, which speaks of all its output. */
function told(lines: string[], headings: Heading[], { line, body }: Fence): string[] {
  const sections = headings.filter(({ depth }) => depth > 1).map((heading) => heading.line)
  const section = Math.max(0, ...sections.filter((start) => start < line))
  return [...lines.slice(0, sections[0] ?? 0), ...lines.slice(section, line + body.length + 4)]
}

/** The text of the chapter's test; empty where it has none. */
function testOf(root: string, path: string): string {
  const place = join(root, path.replace(/^journey/, 'test').replace(/\.md$/, '.test.ts'))
  return existsSync(place) ? readFileSync(place, 'utf8') : ''
}

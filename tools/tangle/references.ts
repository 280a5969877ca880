/**
 * References to chunks: a comment alone on its line, `// <<Name of chunk>>`.
 *
 * Whatever looks like one and is none is an error: left in the text it would
 * be a comment in the place of the code it was to bring.
 */
import { type Diagnostics, type Place } from './diagnostics.ts'
import type { Fence } from './markdown.ts'
import { slug } from './names.ts'
import { scan, type ScannedLine, type Token } from './scan.ts'

export interface Reference {
  /** The name as written. */
  name: string
  id: string
  indent: string
}

/** The references of a body, by index of line. */
export type References = Map<number, Reference>

const exact = /^([ \t]*)(?:\/\/|#|;) ?<<([^<>\s](?:[^<>]*[^<>\s])?)>>[ \t]*$/
const suspicious = /<<?[^<>]*[\p{L}\p{N}][^<>]*>>?/u

/** Whether a line has the form of a reference, wherever it stands. */
export const looksLikeReference = (line: string): boolean => exact.test(line)

/** Finds the references in a fence, whose line i stands at `place(i)`. */
export function findReferences(
  { body, inside }: Fence, place: (line: number, column: number) => Place, out: Diagnostics,
): References {
  const found: References = new Map()
  let scanned: ScannedLine[] | undefined
  body.forEach((line, i) => {
    if (!line.includes('<')) return
    const match = exact.exec(line)
    if (!match && !suspicious.test(line)) return
    const wrong = match ? enclosed(match[1].length, inside?.[i]) ?? nameless(match)
      : misplaced(line, (scanned ??= scan(body))[i].tokens)
    if (wrong) out.error(place(i, wrong.column), wrong.message, wrong.hint)
    else if (match) found.set(i, { indent: match[1], name: match[2], id: slug(match[2]) })
  })
  return found
}

interface Misplaced { column: number, message: string, hint: string }

const alone = 'a reference is a comment alone on its line: // <<Name>>'

/** What is wrong with a reference that stands where no code does. */
function enclosed(column: number, inside: 'template' | 'comment' | undefined): Misplaced | undefined {
  if (inside === 'template') return inString(column)
  if (inside !== 'comment') return undefined
  return { column, message: 'a reference inside a comment', hint: 'end the comment before it' }
}

const inString = (column: number): Misplaced => ({
  column,
  message: 'a reference inside a string',
  hint: 'end the string before it, or write the text so that it does not look like one',
})

function nameless([, { length: column }, name]: RegExpExecArray): Misplaced | undefined {
  if (slug(name) !== '') return undefined
  return { column, message: `'${name}' names no chunk`, hint: 'a name has a letter or a digit' }
}

/** What is wrong with a line that holds something like a reference, if anything. */
function misplaced(line: string, tokens: Token[]): Misplaced | undefined {
  const column = line.length - line.trimStart().length
  const string = tokens.find((token) => holdsReference(line, token))
  if (string) return inString(Math.max(string.start, column))
  const bare = line.trim()
  if (/^<<[^<>]+>>[,;]?$/.test(bare)) {
    return { column, message: `'${bare}' is no comment`, hint: alone }
  }
  const foreign = otherComments.exec(bare)
  if (foreign) return { column, message: `'${bare}' is nearly a reference`, hint: `write // <<${foreign[1]}>>, or # or ; for //` }
  return nearMiss(line, tokens)
}

/** A reference in the comments of languages whose references are written like everyone's. */
const otherComments = /^(?:--|<!--|[#;%]+|'|"|\(\*|REM\b|dnl\b)\s*<<\s*(\p{L}.*?)\s*>>\s*(?:-->|\*\)|")?$/u

function holdsReference(line: string, { kind, start, end }: Token): boolean {
  return kind === 'string' && /(?:\/\/|#|;)\s*<<[^<>]+>>/.test(line.slice(start, end))
}

/** A comment that was meant as a reference: `// << Name >>`, `x() // <<Name>>`, `// <Name>>`. */
function nearMiss(line: string, tokens: Token[]): Misplaced | undefined {
  const comment = tokens.find((token) => token.kind === 'comment')
  if (!comment) return undefined
  const text = line.slice(comment.start, comment.end).trimEnd()
  const inner = text.replace(/^\/[/*]+\s*/, '').replace(/\s*(\*\/)?$/, '')
  const name = nearNames.map((form) => form.exec(inner)?.[1]).find((found) => found !== undefined)
  if (name === undefined) return undefined
  const hint = `write // <<${name.replace(/[<>]+/g, ' ').trim()}>>, alone on its line`
  return { column: comment.start, message: `'${text}' is nearly a reference`, hint }
}

const nearNames = [
  /^<<(.*<.*>.*)>>$/, // brackets inside
  /^<<([^<>]+)>>?/, // blanks inside, something after it, one bracket short
  /^<\s*(\p{L}[^<>]*)>>$/u,
  /<<(\p{L}(?:[^<>]*[^<>\s])?)>>/u, // inside other words
]

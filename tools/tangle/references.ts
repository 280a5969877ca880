/**
 * References to chunks: a comment alone on its line, `// <<Name of chunk>>`.
 *
 * Whatever looks like one and is none is an error: left in the text it would
 * be a comment in the place of the code it was to bring.
 */
import { type Diagnostics, type Place } from './diagnostics.ts'
import { slug } from './names.ts'
import { scan, type Token } from './scan.ts'

export interface Reference {
  /** The name as written. */
  name: string
  id: string
  indent: string
}

/** The references of a body, by index of line. */
export type References = Map<number, Reference>

const exact = /^([ \t]*)(?:\/\/|#|;) ?<<([^<>\s](?:[^<>]*[^<>\s])?)>>[ \t]*$/
const suspicious = /<<?[^<>]*[\p{L}][^<>]*>>?/u

/** Finds the references in `body`, whose line i stands at `place(i)`. */
export function findReferences(
  body: string[], place: (line: number, column: number) => Place, out: Diagnostics,
): References {
  const found: References = new Map()
  if (!body.some((line) => line.includes('<') && suspicious.test(line))) return found
  const tokens = scan(body)
  body.forEach((line, i) => {
    if (!line.includes('<') || !suspicious.test(line)) return
    const wrong = misplaced(line, tokens[i])
    if (wrong) return out.error(place(i, wrong.column), wrong.message, wrong.hint)
    const match = exact.exec(line)
    if (match) found.set(i, { indent: match[1], name: match[2], id: slug(match[2]) })
  })
  return found
}

interface Misplaced { column: number, message: string, hint: string }

const alone = 'a reference is a comment alone on its line: // <<Name>>'

/** What is wrong with a line that holds something like a reference, if anything. */
function misplaced(line: string, tokens: Token[]): Misplaced | undefined {
  const inString = tokens.find((t) => t.kind === 'string' && /(?:\/\/|#|;)\s*<<[^<>]+>>/.test(line.slice(t.start, t.end)))
  if (inString) {
    return { column: inString.start, message: 'a reference inside a string', hint: 'write the string so that it does not look like // <<Name>>, or end it before the reference' }
  }
  if (exact.test(line)) return inComment(line, tokens)
  const bare = line.trim()
  const column = line.length - line.trimStart().length
  if (/^<<[^<>]+>>[,;]?$/.test(bare)) {
    return { column, message: `'${bare}' is no comment`, hint: alone }
  }
  return nearMiss(line, tokens)
}

function inComment(line: string, tokens: Token[]): Misplaced | undefined {
  const column = line.length - line.trimStart().length
  const block = tokens[0]?.kind === 'comment' && tokens[0].start === 0 && column > 0
  return block
    ? { column, message: 'a reference inside a comment', hint: 'end the comment before it' }
    : undefined
}

/** A comment that was meant as a reference: `//<< Name >>`, `x() // <<Name>>`, `// <Name>>`. */
function nearMiss(line: string, tokens: Token[]): Misplaced | undefined {
  const comment = tokens.find((t) => t.kind === 'comment')
  if (!comment) return undefined
  const text = line.slice(comment.start, comment.end)
  const inner = text.replace(/^\/[/*]+\s*/, '').replace(/\s*(\*\/)?\s*$/, '')
  if (!/^<<\s*\p{L}[^<>]*>>?$|^<\s*\p{L}[^<>]*>>$|^<<.*>>$/u.test(inner)) return undefined
  const name = inner.replace(/^[<\s]+|[>\s]+$/g, '')
  const hint = `write // <<${name}>>, alone on its line`
  return { column: comment.start, message: `'${text}' is nearly a reference`, hint }
}

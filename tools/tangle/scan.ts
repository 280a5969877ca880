/**
 * A lexer for the languages of the fences, good enough to say where tokens
 * start and which text is string or comment. It keeps its state from line to
 * line, for template literals and block comments span lines.
 *
 * It is no parser: whether a '/' divides or opens a regular expression is
 * judged by the token before it.
 */

export type Kind = 'word' | 'mark' | 'string' | 'comment'

export interface Token {
  /** 0-based columns, end exclusive. */
  start: number
  end: number
  kind: Kind
}

const space = /[ \t]+/y
const word = /[\p{L}\p{N}_$#@]+(?:\.\d\w*)?/uy
const quoted = /"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?/y
const lineComment = /\/\/.*/y
const blockComment = /(?:[^*]|\*(?!\/))*(\*\/)?/y
const template = /(?:[^`\\$]|\\.?|\$(?!\{))*(`|\$\{)?/y
const regex = /\/(?![*/])(?:[^/\\[]|\\.|\[(?:[^\]\\]|\\.)*\])+\/[a-z]*/y
const mark = /=>|\.\.\.|[<>=!&|+*%^?-]+|[^]/uy

export interface ScannedLine {
  tokens: Token[]
  /** What the line begins inside of, open since a line above. */
  inside: 'code' | 'template' | 'comment'
}

/** Keywords after which a '/' opens a regular expression. */
const beforeRegex = /^(?:return|typeof|case|in|of|do|else|void|delete|throw|new|yield|await)$/

/** The tokens of each line of a TypeScript or JavaScript text. */
export function scan(lines: string[]): ScannedLine[] {
  const scanner = new Scanner()
  return lines.map((line) => scanner.line(line))
}

class Scanner {
  private mode: ScannedLine['inside'] = 'code'
  /** For each `${` that is open, how many braces are open inside it. */
  private readonly open: number[] = []
  private regexMayFollow = true
  private text = ''
  private column = 0
  private tokens: Token[] = []

  line(text: string): ScannedLine {
    const inside = this.mode
    this.text = text
    this.column = 0
    this.tokens = []
    if (this.mode === 'template') this.template(0)
    else if (this.mode === 'comment') this.blockComment(0)
    while (this.column < text.length) this.token()
    return { tokens: this.tokens, inside }
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.column
    const found = pattern.exec(this.text)
    if (!found) return undefined
    this.column = pattern.lastIndex
    return found[0]
  }

  private add(start: number, kind: Kind): void {
    this.tokens.push({ start, end: this.column, kind })
  }

  private token(): void {
    if (this.match(space) !== undefined) return
    const start = this.column
    if (this.text[start] === '/' && this.slash(start)) return
    if (this.text[start] === '`') {
      this.column++
      this.template(start)
    } else if (this.match(quoted) !== undefined) {
      this.string(start)
    } else {
      this.wordOrMark(start)
    }
  }

  private slash(start: number): boolean {
    if (this.match(lineComment) !== undefined) this.add(start, 'comment')
    else if (this.text.startsWith('/*', start)) {
      this.column += 2
      this.blockComment(start)
    } else if (this.regexMayFollow && this.match(regex) !== undefined) this.string(start)
    else return false
    return true
  }

  private string(start: number): void {
    this.add(start, 'string')
    this.regexMayFollow = false
  }

  private wordOrMark(start: number): void {
    const name = this.match(word)
    if (name !== undefined) {
      this.add(start, 'word')
      this.regexMayFollow = beforeRegex.test(name)
      return
    }
    const sign = this.match(mark)!
    this.add(start, 'mark')
    this.regexMayFollow = !/^[)\]}]$/.test(sign)
    this.brace(sign)
  }

  /** A closing brace may end the `${` of a template and return to its text. */
  private brace(sign: string): void {
    const depth = this.open.length - 1
    if (depth < 0) return
    if (sign === '{') this.open[depth]++
    if (sign !== '}') return
    if (this.open[depth]-- > 0) return
    this.open.pop()
    if (this.column < this.text.length) this.template(this.column)
    else this.mode = 'template'
  }

  private template(start: number): void {
    template.lastIndex = this.column
    const end = template.exec(this.text)![1]
    this.column = template.lastIndex
    this.mode = end === undefined ? 'template' : 'code'
    if (end === '${') this.open.push(0)
    if (this.column > start) this.string(start)
    this.regexMayFollow = end === '${'
  }

  private blockComment(start: number): void {
    blockComment.lastIndex = this.column
    const end = blockComment.exec(this.text)![1]
    this.column = blockComment.lastIndex
    this.mode = end === undefined ? 'comment' : 'code'
    if (this.column > start) this.add(start, 'comment')
  }
}

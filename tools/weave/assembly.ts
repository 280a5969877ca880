/** Assembly inside TypeScript: what stands in asm`…` and k.fn(…)`…` is no string, and is not coloured as one. */

/** A piece of a line, with its colours in both themes. */
export interface Token { content: string, light?: string, dark?: string }

type Colours = Pick<Token, 'light' | 'dark'>

/** As the themes colour such things elsewhere. */
const colours: Record<string, Colours> = {
  comment: { light: '#6A737D', dark: '#6A737D' },
  mnemonic: { light: '#D73A49', dark: '#F97583' },
  label: { light: '#6F42C1', dark: '#B392F0' },
  register: { light: '#005CC5', dark: '#79B8FF' },
  number: { light: '#005CC5', dark: '#79B8FF' },
  plain: { light: '#24292E', dark: '#E1E4E8' },
}
/** What a line of assembly is made of, wherever it stands. */
const piece = new RegExp([
  /(?<number>'.'|\b(?:0x[\da-f]+|\d+)\b)/, /(?<comment>;.*)/, /(?<label>[.\w]+:)/,
  /(?<register>\b(?:e?(?:[abcd]x|[sd]i|[sb]p)|[abcd][hl]|[cdefgs]s|[cd]r[0-7]|st[0-7]|x?mm[0-7])\b)/,
  /(?<plain>[.\w]+|\s+|.)/,
].map(({ source }) => source).join('|'), 'gs')

/** Is the template that opens behind this text one of assembly? */
const isTag = (before: string) => /\basm$|\.fn\([^()]*\)$/.test(before)

/**
 * The code with its assembly blotted out, letter for letter, so that nobody takes it
 * for TypeScript; and where the blots are.
 */
export function withoutAssembly(code: string): { code: string, isAssembly: (at: number) => boolean } {
  const blots = new Set<number>()
  let at = 0
  const skip = (pattern: RegExp) => {
    pattern.lastIndex = at
    at += Math.max(pattern.exec(code)?.[0].length ?? 0, 1)
  }
  /** Up to the brace that closes what is open, or to the end. */
  const readCode = (): void => {
    for (let depth = 0; at < code.length;) {
      const letter = code[at]
      if (letter === '`') readTemplate(isTag(code.slice(0, at)))
      else if (letter === '\'' || letter === '"') skip(/(['"])(?:\\.|(?!\1).)*\1/ys)
      else if (code.startsWith('//', at)) skip(/.*/y)
      else if (code.startsWith('/*', at)) skip(/.*?\*\//ys)
      else {
        if (letter === '{') depth++
        if (letter === '}' && depth-- === 0) return
        at++
      }
    }
  }
  const readTemplate = (assembly: boolean): void => {
    for (at++; at < code.length && code[at] !== '`';) {
      if (code.startsWith('${', at)) {
        at += 2
        readCode()
      } else if (assembly && code[at] !== '\n') blots.add(at)
      at++
    }
    at++
  }
  readCode()
  const blotted = [...blots].length === 0 ? code : Array.from({ length: code.length }, (_, i) => blots.has(i) ? 'x' : code[i]).join('')
  return { code: blotted.replace(/\basm`/g, 'asx`'), isAssembly: (i) => blots.has(i) }
}

/** Puts the assembly back into lines that were coloured without it, in colours of its own. */
export function colourAssembly(code: string, isAssembly: (at: number) => boolean, lines: Token[][]): Token[][] {
  let at = 0
  return lines.map((line) => {
    let [fresh, comment] = [true, false]
    const tokens = line.flatMap((token) => {
      const found: Token[] = []
      for (const end = at + token.content.length; at < end;) {
        const assembly = isAssembly(at)
        const from = at
        while (at < end && isAssembly(at) === assembly) at++
        const content = code.slice(from, at)
        found.push(...assembly ? statement(content, fresh, comment) : [{ ...token, content }])
        comment ||= assembly && content.replaceAll("';'", '').includes(';')
        fresh &&= content.trim() === ''
      }
      return found
    })
    at++
    return tokens
  })
}

/** A stretch of assembly; if it begins a line, its first word is what is done. */
function statement(text: string, fresh: boolean, comment: boolean): Token[] {
  if (comment) return [{ content: text, ...colours.comment }]
  let first = fresh
  return [...text.matchAll(piece)].map(({ 0: content, groups }) => {
    const kind = Object.entries(groups!).find(([, value]) => value !== undefined)![0]
    const isMnemonic = first && kind === 'plain' && /^\w+$/.test(content)
    if (isMnemonic) first = false
    return { content, ...colours[isMnemonic ? 'mnemonic' : kind] }
  })
}

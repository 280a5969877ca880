/**
 * What each name in the code is: its type, what is said of it, and where it is
 * defined. TypeScript's checker is asked what stands at all names of a file at
 * once; the rest, asked once for each thing that is named, it needs little for.
 *
 * An answer holds while the file and all that it imports stay as they are.
 */
import { posix } from 'node:path'
import { SyntaxKind, type BindingElement, type Expression, type Node } from 'typescript/unstable/ast'
import { API, SymbolFlags, type Project, type Symbol, type Type } from 'typescript/unstable/async'
import { textOf, type TangledFile } from '../tangle/expand.ts'
import { scan } from '../tangle/scan.ts'
import { CheckedFiles } from './checked-files.ts'
import { hashOf, type Kept } from './kept.ts'
import { commentOf, nameAt, signature } from './signature.ts'

/** A definition: its signature, what its comment says, its file under generated/, its line from 1. */
export type Known = [signature: string, comment: string, file: string, line: number]

export interface FileTypes {
  known: Known[]
  /** By line, from 1: columns from 0 of names, each followed by its place in `known`. */
  at: Record<number, number[]>
}

/** By path, what is kept of each file, and under which key it is or would be. */
export function keysOf(files: TangledFile[]): Map<string, string> {
  const texts = new Map(files.filter(({ path }) => path.endsWith('.ts')).map((file) => [file.path, textOf(file)]))
  const imports = new Map([...texts].map(([path, text]) => [path, importsOf(path, text)]))
  const hashes = new Map([...texts].map(([path, text]) => [path, hashOf(text)]))
  return new Map([...texts.keys()].map((path) => {
    const all = [...closure(path, imports)].sort()
    return [path, hashOf(path, ...all.map((one) => hashes.get(one) ?? one))]
  }))
}

const importsOf = (path: string, text: string) =>
  [...text.matchAll(/(?:from|import) '(\.[^']+)'/g)].map(([, to]) => posix.join(posix.dirname(path), to))

function closure(path: string, imports: Map<string, string[]>, seen = new Set<string>()): Set<string> {
  if (seen.has(path)) return seen
  seen.add(path)
  for (const next of imports.get(path) ?? []) closure(next, imports, seen)
  return seen
}

/** Asks about every file that `kept` does not know. Without TypeScript's checker for this machine nothing is learnt. */
export async function learnTypes(root: string, files: TangledFile[], kept: Kept<FileTypes>, keys: Map<string, string>): Promise<void> {
  const unknown = files.filter(({ path }) => keys.has(path) && !kept.get(keys.get(path)!))
  if (unknown.length === 0) return
  const asker = await Asker.start(root, files)
  if (!asker) return
  try {
    await Promise.all(unknown.map(async ({ path }) => kept.set(keys.get(path)!, await asker.typesOf(path))))
  } finally {
    await asker.stop()
  }
}

const keywords = new Set(('abstract any as async await boolean break case catch class const constructor continue default do else enum export extends '
  + 'false finally for from function get if implements import in instanceof interface keyof let never new null number object of override private '
  + 'protected public readonly return satisfies set static string super switch this throw true try type typeof undefined unknown var void while with yield').split(' '))

/** Declarations of names that lead on to another's. */
const leading = new Set([SyntaxKind.PropertyAssignment, SyntaxKind.ShorthandPropertyAssignment, SyntaxKind.BindingElement])

/** Asks the checker, and remembers what it said. */
class Asker {
  private readonly api: API
  private readonly project: Project
  private readonly files: CheckedFiles
  private readonly known = new Map<Symbol, Known>()
  private readonly meaning = new Map<Symbol, Promise<{ thing?: Symbol, at?: number }>>()
  private readonly wholes = new Map<Node, Promise<Type | undefined>>()
  private readonly same = new Map<string, Known>()
  private readonly trees = new Map<string, Promise<unknown>>()
  private readonly shown = new Map<Type, Promise<string>>()

  /** Resolves with nothing where there is no checker for this machine. */
  static async start(root: string, tangled: TangledFile[]): Promise<Asker | undefined> {
    const files = new CheckedFiles(root, tangled)
    const api = new API({ cwd: root })
    const snapshot = await api.updateSnapshot({ openProjects: [files.project] }).catch(() => undefined)
    if (!snapshot) files.remove()
    return snapshot && new Asker(api, snapshot.getProject(files.project)!, files)
  }

  private constructor(api: API, project: Project, files: CheckedFiles) {
    this.api = api
    this.project = project
    this.files = files
  }

  async typesOf(path: string): Promise<FileTypes> {
    const places = namesIn(this.files.text(path))
    const named = await this.project.checker.getSymbolAtPosition(this.files.placeOf(path), places.map(({ offset }) => offset))
    const things = await Promise.all(named.map((symbol, i) => symbol && this.meant(symbol, places[i].offset)))
    await this.meet(things)
    const index = new Map<Known, number>()
    const at: FileTypes['at'] = {}
    things.forEach((thing, i) => {
      const known = thing && this.known.get(thing)
      if (!known) return
      if (!index.has(known)) index.set(known, index.size)
      const { line, column } = places[i];
      (at[line] ??= []).push(column, index.get(known)!)
    })
    return { known: [...index.keys()], at }
  }

  async stop(): Promise<void> {
    this.files.remove()
    await this.api.close().catch(() => {}) // one that ended by itself was told of by whoever asked it
  }

  /**
   * What a name leads to: behind an import, what was exported; where an object is made or
   * taken apart, the property that its type declares; everywhere else what is named.
   */
  private async meant(symbol: Symbol, offset: number): Promise<Symbol> {
    if (!this.meaning.has(symbol)) this.meaning.set(symbol, this.behind(symbol, offset))
    const { thing, at } = await this.meaning.get(symbol)!
    return thing && (at === undefined || at === offset) ? thing : symbol
  }

  /** What a symbol, met at `offset`, stands for, if it is not itself that is meant: everywhere, or `at` one place of its file alone. */
  private async behind(symbol: Symbol, offset: number): Promise<{ thing?: Symbol, at?: number }> {
    const { checker } = this.project
    if (symbol.flags & SymbolFlags.Alias) return { thing: await checker.getAliasedSymbol(symbol) }
    const one = leading.has(symbol.declarations[0]?.kind) ? await this.declared(symbol) : undefined
    if (!one) return {}
    const { node, path } = one
    if (node.kind === SyntaxKind.ShorthandPropertyAssignment) {
      const value = await checker.getShorthandAssignmentValueSymbol(node)
      return { thing: value && await this.meant(value, offset) }
    }
    if (node.kind === SyntaxKind.PropertyAssignment) {
      return { thing: await this.propertyOf(node.parent, symbol.name, () => checker.getContextualType(node.parent as Expression)) }
    }
    if ((node as BindingElement).propertyName) return {}
    const thing = await this.propertyOf(node.parent, symbol.name, () => checker.getTypeAtLocation(node.parent))
    return { thing, at: nameAt(node, this.files.text(path)) }
  }

  /** A property of an object or a pattern, whose type is asked for once. */
  private async propertyOf(whole: Node, name: string, typeOf: () => Promise<Type | undefined>): Promise<Symbol | undefined> {
    if (!this.wholes.has(whole)) this.wholes.set(whole, typeOf())
    const type = await this.wholes.get(whole)
    const property = type && await this.project.checker.getPropertyOfType(type, name)
    return property && property.declarations.length > 0 ? property : undefined
  }

  /** Learns of all symbols that are new and of the system itself. */
  private async meet(symbols: (Symbol | undefined)[]): Promise<void> {
    const fresh = [...new Set(symbols)].filter((symbol) => symbol && !this.known.has(symbol)) as Symbol[]
    const declared = (await Promise.all(fresh.map((symbol) => this.declared(symbol)))).filter((one) => one !== undefined)
    const types = declared.length > 0 ? await this.project.checker.getTypeOfSymbol(declared.map(({ symbol }) => symbol)) : []
    await Promise.all(declared.map(async ({ symbol, node, path }, i) => {
      const type = types[i]
      const text = this.files.text(path)
      const says = signature(node, type ? await this.typeText(type) : '', text)
      const line = this.files.lineAt(path, nameAt(node, text))
      this.known.set(symbol, this.once([short(says), short(commentOf(node, text)), path, line]))
    }))
  }

  /** The declaration of a symbol in the system; its tree is fetched once for all that stand in one file. */
  private async declared(symbol: Symbol): Promise<{ symbol: Symbol, node: Node, path: string } | undefined> {
    const handle = symbol.declarations.find(({ path }) => this.files.fileAt(path))
    if (!handle) return undefined
    if (!this.trees.has(handle.path)) this.trees.set(handle.path, this.project.program.getSourceFile(handle.path))
    await this.trees.get(handle.path)
    const node = await handle.resolve()
    return node && { symbol, node, path: this.files.fileAt(handle.path)! }
  }

  /** Several symbols can stand for one thing, such as a property of what is made of a generic type. */
  private once(known: Known): Known {
    const key = known.join('\0')
    if (!this.same.has(key)) this.same.set(key, known)
    return this.same.get(key)!
  }

  private typeText(type: Type): Promise<string> {
    if (!this.shown.has(type)) this.shown.set(type, this.project.checker.typeToString(type))
    return this.shown.get(type)!
  }
}

/** What does not fit into a card is cut. */
const short = (text: string) => (text.length > 600 ? `${text.slice(0, 600)} …` : text)

/** Where a name stands: its line from 1, its column from 0, and both as one number. */
interface Place { line: number, column: number, offset: number }

/** Every name of a text that is no keyword. */
function namesIn(text: string): Place[] {
  const lines = text.split('\n')
  let before = 0
  return scan(lines).flatMap(({ tokens }, i) => {
    const from = before
    before += lines[i].length + 1
    return tokens.flatMap(({ kind, start, end }) => {
      const name = lines[i].slice(start, end)
      const isName = kind === 'word' && /^[#\p{L}_$]/u.test(name) && !keywords.has(name)
      return isName ? [{ line: i + 1, column: start, offset: from + start }] : []
    })
  })
}

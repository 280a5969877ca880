/**
 * What each name in the code is: its type, what is said of it, and where it is
 * defined, as TypeScript's language server knows it. Where a name stands, only
 * its definition is asked for, which is quick; what it is is asked once, there.
 *
 * An answer holds while the file and all that it imports stay as they are.
 */
import { join, posix } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { textOf, type TangledFile } from '../tangle/expand.ts'
import { scan } from '../tangle/scan.ts'
import { hashOf, type Kept } from './kept.ts'
import { LanguageServer, type Location, type Position } from './lsp.ts'

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

/** Files asked about at once: enough that the server has work while its answers wait to be read. */
const atOnce = 8

/** Asks about every file that `kept` does not know. Without a language server for this machine nothing is learnt. */
export async function learnTypes(root: string, files: TangledFile[], kept: Kept<FileTypes>, keys: Map<string, string>): Promise<void> {
  const unknown = files.filter(({ path }) => keys.has(path) && !kept.get(keys.get(path)!))
  if (unknown.length === 0) return
  const server = await LanguageServer.start(root).catch(() => undefined)
  if (!server) return
  try {
    const asked = new Asker(root, server, files)
    for (let i = 0; i < unknown.length; i += atOnce) {
      await Promise.all(unknown.slice(i, i + atOnce).map(async (file) => kept.set(keys.get(file.path)!, await asked.typesOf(file))))
    }
  } finally {
    server.stop()
  }
}

const keywords = new Set(('abstract any as async await boolean break case catch class const constructor continue default do else enum export extends '
  + 'false finally for from function get if implements import in instanceof interface keyof let never new null number object of override private '
  + 'protected public readonly return satisfies set static string super switch this throw true try type typeof undefined unknown var void while with yield').split(' '))

/** Asks the server, and remembers what it said of definitions. */
class Asker {
  private readonly folder: string
  private readonly server: LanguageServer
  private readonly said = new Map<string, Promise<[string, string]>>()

  constructor(root: string, server: LanguageServer, files: TangledFile[]) {
    this.folder = join(root, 'generated')
    this.server = server
    for (const file of files) if (file.path.endsWith('.ts')) server.open(this.uriOf(file.path), textOf(file))
  }

  async typesOf(file: TangledFile): Promise<FileTypes> {
    const uri = this.uriOf(file.path)
    const places = namesIn(textOf(file))
    const found = await Promise.all(places.map((position) => this.definition(uri, position)))
    const index = new Map<string, number>()
    const targets: Location[] = []
    const at: FileTypes['at'] = {}
    found.forEach((target, i) => {
      if (!target) return
      const key = keyOf(target)
      if (!index.has(key)) index.set(key, targets.push(target) - 1)
      const { line, character } = places[i];
      (at[line + 1] ??= []).push(character, index.get(key)!)
    })
    return { known: await Promise.all(targets.map((target) => this.knownAt(target))), at }
  }

  private uriOf(path: string): string {
    return pathToFileURL(join(this.folder, path)).href
  }

  /** Where a name is defined, if that is in the system itself. */
  private async definition(uri: string, position: Position): Promise<Location | undefined> {
    const answer = await this.server.ask<Location | Location[] | null>('textDocument/definition', { textDocument: { uri }, position })
    const first = Array.isArray(answer) ? answer[0] : answer
    return first?.uri.startsWith(pathToFileURL(this.folder).href) ? first : undefined
  }

  private async knownAt(target: Location): Promise<Known> {
    const key = keyOf(target)
    if (!this.said.has(key)) this.said.set(key, this.hover(target))
    const [signature, comment] = await this.said.get(key)!
    const file = fileURLToPath(target.uri).slice(this.folder.length + 1).replaceAll('\\', '/')
    return [signature, comment, file, target.range.start.line + 1]
  }

  private async hover({ uri, range }: Location): Promise<[string, string]> {
    const answer = await this.server.ask<{ contents?: { value?: string } } | null>('textDocument/hover', { textDocument: { uri }, position: range.start })
    const [, signature = '', comment = ''] = /^```\w*\n([^]*?)\n```\n*([^]*)$/.exec(answer?.contents?.value ?? '') ?? []
    return [short(signature), short(comment.replace(/\*@(\w+)\*/g, '$1').trim())]
  }
}

const keyOf = ({ uri, range: { start } }: Location) => `${uri}:${start.line}:${start.character}`

/** What does not fit into a card is cut. */
const short = (text: string) => (text.length > 600 ? `${text.slice(0, 600)} …` : text)

/** Every name of a text that is no keyword. */
function namesIn(text: string): Position[] {
  const lines = text.split('\n')
  return scan(lines).flatMap(({ tokens }, line) => tokens.flatMap(({ kind, start, end }) => {
    const name = lines[line].slice(start, end)
    return kind === 'word' && /^[#\p{L}_$]/u.test(name) && !keywords.has(name) ? [{ line, character: start }] : []
  }))
}

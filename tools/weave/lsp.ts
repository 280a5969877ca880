/** TypeScript's own language server, asked over its standard input and output. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** A place in a text: both from 0, characters in units of UTF-16. */
export interface Position { line: number, character: number }

export interface Location { uri: string, range: { start: Position, end: Position } }

interface Message { id?: number, method?: string, params?: { items?: unknown[] }, result?: unknown, error?: { message: string } }

interface Waiting { resolve: (value: unknown) => void, reject: (error: Error) => void }

const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'))

export class LanguageServer {
  private readonly process: ChildProcessWithoutNullStreams
  private readonly waiting = new Map<number, Waiting>()
  private unread = Buffer.alloc(0)
  private last = 0

  /** Starts the server for the project at `root`. */
  static async start(root: string): Promise<LanguageServer> {
    const server = new LanguageServer(root)
    const uri = pathToFileURL(root).href
    await server.ask('initialize', {
      processId: process.pid, rootUri: uri, workspaceFolders: [{ uri, name: 'book' }],
      capabilities: { textDocument: { hover: { contentFormat: ['markdown'] }, definition: { linkSupport: false } } },
    })
    server.send({ method: 'initialized', params: {} })
    return server
  }

  private constructor(root: string) {
    this.process = spawn(process.execPath, [join(typescript, 'lib', 'tsc.js'), '--lsp', '--stdio'], { cwd: root, stdio: 'pipe' })
    this.process.stdout.on('data', (bytes: Buffer) => this.receive(bytes))
    this.process.stdin.on('error', () => {})
    this.process.on('error', () => this.fail())
    this.process.on('exit', () => this.fail())
  }

  /** The answer to a request; rejects if the server refuses or ends. */
  ask<T>(method: string, params: unknown): Promise<T> {
    const id = ++this.last
    return new Promise<T>((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as (value: unknown) => void, reject })
      this.send({ id, method, params })
    })
  }

  open(uri: string, text: string): void {
    this.send({ method: 'textDocument/didOpen', params: { textDocument: { uri, languageId: 'typescript', version: 1, text } } })
  }

  close(uri: string): void {
    this.send({ method: 'textDocument/didClose', params: { textDocument: { uri } } })
  }

  stop(): void {
    this.process.kill()
  }

  private send(message: object): void {
    const text = JSON.stringify({ jsonrpc: '2.0', ...message })
    this.process.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`)
  }

  private receive(bytes: Buffer): void {
    this.unread = Buffer.concat([this.unread, bytes])
    for (;;) {
      const end = this.unread.indexOf('\r\n\r\n')
      if (end < 0) return
      const length = Number(/Content-Length: (\d+)/i.exec(this.unread.toString('latin1', 0, end))?.[1])
      if (this.unread.length < end + 4 + length) return
      const message = JSON.parse(this.unread.toString('utf8', end + 4, end + 4 + length)) as Message
      this.unread = this.unread.subarray(end + 4 + length)
      this.handle(message)
    }
  }

  /** Questions of the server's own, about settings, are answered with none. */
  private handle({ id, method, params, result, error }: Message): void {
    if (id === undefined) return
    if (method) return this.send({ id, result: params?.items?.map(() => null) ?? null })
    const waiting = this.waiting.get(id)
    this.waiting.delete(id)
    if (error) waiting?.reject(new Error(error.message))
    else waiting?.resolve(result)
  }

  private fail(): void {
    for (const { reject } of this.waiting.values()) reject(new Error('the language server ended'))
    this.waiting.clear()
  }
}

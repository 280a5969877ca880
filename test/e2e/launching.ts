/** Runs the Launcher as its users do: through pipes and through a terminal. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import pty from '@lydell/node-pty'

export const root = fileURLToPath(new URL('../..', import.meta.url))
export const launcher = `${root}bin/lguest.mjs`
export const PROMPT = 'puppy> '

export interface Finished {
  status: number | null; signal: string | null; out: string; err: string
}

/** Runs the Launcher with `input` on a pipe, which then ends. */
export function throughPipes(
  args: string[], input = '', env: NodeJS.ProcessEnv = {},
): Promise<Finished> {
  return finished(process.execPath, [launcher, ...args], input, env)
}

/** Runs a line of shell. */
export function shell(line: string): Promise<Finished> {
  return finished('/bin/bash', ['-c', line], '', {})
}

function finished(
  program: string, args: string[], input: string, env: NodeJS.ProcessEnv,
): Promise<Finished> {
  const child = spawn(program, args,
    { cwd: root, env: { ...process.env, ...env } })
  const result = { out: '', err: '' }
  child.stdout.on('data', (data) => { result.out += data; })
  child.stderr.on('data', (data) => { result.err += data; })
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  return new Promise((resolve) => child.on('close', (status, signal) =>
    resolve({ status, signal, ...result })))
}

/** A shell command on a terminal of its own. */
export class Terminal {
  screen = ''
  readonly #process: pty.IPty
  #seen = 0
  #watchers: (() => void)[] = []
  readonly ended: Promise<number>

  constructor(command: string) {
    this.#process = pty.spawn('/bin/sh', ['-c', command],
      { cwd: root, cols: 80, rows: 24, env: process.env as never })
    this.#process.onData((data) => {
      this.screen += data
      for (const watcher of this.#watchers) watcher()
    })
    this.ended = new Promise((resolve) => this.#process.onExit(
      ({ exitCode }) => resolve(exitCode)))
  }

  type(text: string): void {
    this.#process.write(text)
  }

  /** Draws the window larger, or smaller. */
  resize(columns: number, rows: number): void { this.#process.resize(columns, rows) }

  /** Waits until `wanted` appears after what was waited for before. */
  async see(wanted: string, seconds = 20): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(
        `no '${wanted}' on: ${JSON.stringify(this.screen)}`)),
      seconds * 1000)
      const look = () => {
        if (this.screen.indexOf(wanted, this.#seen) < 0) return
        clearTimeout(timer)
        resolve()
      }
      this.#watchers.push(look)
      look()
    })
    const from = this.#seen
    this.#seen = this.screen.indexOf(wanted, from) + wanted.length
    return this.screen.slice(from, this.#seen)
  }

  /** Nobody reads what it prints, until `readOn`. */
  stall(): void {
    this.#process.pause()
  }

  readOn(): void {
    this.#process.resume()
  }

  kill(): void {
    this.#process.kill('SIGKILL')
  }
}

/**
 * The Launcher between two looks at the terminal's settings. What a terminal
 * is told in its last moment may be lost, so it lives a moment longer. A command
 * may stand `inside`, which runs the Launcher.
 */
export const BETWEEN_LOOKS = (args = '', inside = ''): string =>
  'stty -g | sed s/^/before:/; tty | sed s/^/tty:/; exec 3<&0; '
  + `${inside} node ${launcher} ${args} <&3 & echo "pid:$!."; wait $!; `
  + 'echo "status:$?"; stty -g | sed s/^/after:/; echo done; sleep 0.3'

/** What `stty -g` printed before and after. */
export function looks(screen: string): { before: string; after: string } {
  const find = (name: string) =>
    new RegExp(`${name}:([0-9a-f:]+)`).exec(screen)?.[1] ?? ''
  return { before: find('before'), after: find('after') }
}

export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => { setTimeout(resolve, milliseconds); })

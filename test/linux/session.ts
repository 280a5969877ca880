/** One life of a Linux Guest, on a terminal of its own. */
import { BETWEEN_LOOKS, looks, Terminal } from '../e2e/launching.ts'

/** What to boot. */
export interface Boot {
  readonly kernel: string
  readonly initrd: string
  readonly megabytes: number
  readonly prompt: string
  readonly options?: readonly string[]
  readonly kernelArguments?: string
  /** A command that runs the Launcher, in a network of its own perhaps. */
  readonly inside?: string
}

/** How it ended. */
export interface End {
  readonly status: number
  /** Is the terminal as it was before? */
  readonly restored: boolean
  /** What the Launcher printed after the Guest was gone, with --stats. */
  readonly stats: ReadonlyMap<string, string>
}

/** Seconds a boot may take, and a command. */
const BOOT_MOST = 120
const COMMAND_MOST = 60
/** Printed after each command; broken up in what is typed, so that the
 * echo of the command is not taken for its end. */
const MARK = '==@'
const TYPED_MARK = '=="@"'

export class Session {
  readonly terminal: Terminal
  readonly #boot: Boot
  readonly #start = Date.now()

  constructor(boot: Boot) {
    this.#boot = boot
    const { kernel, initrd, megabytes, options = [] } = boot
    const words = ['--stats', `--initrd=${initrd}`, ...options,
      String(megabytes), kernel, boot.kernelArguments ?? '']
    this.terminal = new Terminal(BETWEEN_LOOKS(words.join(' '), boot.inside))
  }

  /** Waits for the shell; seconds since the start. */
  async booted(): Promise<number> {
    const { prompt } = this.#boot
    await this.terminal.see(prompt, BOOT_MOST)
    const seconds = (Date.now() - this.#start) / 1000
    await this.#widen()
    return seconds
  }

  /**
   * A wide terminal, so that no echo of a command is broken into lines, and
   * a kernel that keeps its remarks to itself.
   */
  async #widen(): Promise<void> {
    this.terminal.type('stty cols 1000; dmesg -n 1\r')
    await this.terminal.see(this.#boot.prompt)
  }

  /** Runs a command of the Guest's shell; what it printed. */
  async run(command: string, seconds = COMMAND_MOST): Promise<string> {
    this.terminal.type(`${command}; echo ${TYPED_MARK}$?@\r`)
    const seen = await this.terminal.see(MARK, seconds)
    const status = await this.terminal.see('@')
    await this.terminal.see(this.#boot.prompt)
    const lines = seen.slice(0, -MARK.length).replace(/\r/g, '')
    this.lastStatus = Number(status.slice(0, -1))
    return lines.slice(lines.indexOf('\n') + 1).trim()
  }

  /** Exit status of the command run last. */
  lastStatus = 0

  /** Waits until the Launcher has gone. */
  async end(seconds = COMMAND_MOST): Promise<End> {
    const from = this.terminal.screen.length
    await this.terminal.see('done', seconds)
    const { screen } = this.terminal
    const { before, after } = looks(screen)
    return {
      status: Number(/status:(\d+)/.exec(screen.slice(from))?.[1] ?? NaN),
      restored: before !== '' && before === after,
      stats: new Map([...screen.slice(from).matchAll(
        /^([A-Za-z ]{4,24}\S) {2,}([\d.,]+)/gm)].map((m) => [m[1].trim(), m[2]])),
    }
  }

  kill(): void {
    this.terminal.kill()
  }
}

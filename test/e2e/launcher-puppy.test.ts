/** Puppy under the Launcher, through pipes and on a terminal. */
import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { finish } from './finish.ts'
import {
  BETWEEN_LOOKS, launcher, pause, PROMPT, shell, Terminal,
  throughPipes,
} from './launching.ts'

describe('through pipes', () => {
  it('a session goes to stdout, and halt ends with 0', async () => {
    const { status, out, err } = await throughPipes([], 'help\nhalt\n')
    expect(out).toContain('echo')
    expect(err).toBe('')
    expect(status).toBe(0)
  })

  it('nothing of a long input is lost', async () => {
    const words = Array.from({ length: 400 }, (_, i) => `word-${i}`)
    const input = words.map((word) => `echo ${word}\n`).join('')
    const { out, status } = await throughPipes([], `${input}halt\n`)
    const echoed = out.match(/^word-\d+(?=\r?$)/gm) ?? []
    expect(echoed).toEqual(words)
    expect(status).toBe(0)
  })

  it('the end of input powers Puppy off', async () => {
    const { status, out } = await throughPipes([], 'echo bye\n')
    expect(out).toContain('bye')
    expect(status).toBe(0)
  })

  it('nobody left to print for is the end, without a word', async () => {
    const { status, out, err } = await shell(
      `yes 'echo more' | node ${launcher} | head -n 3; `
      + 'echo "${PIPESTATUS[1]}" >&2')
    expect(out.split('\n').length).toBe(4)
    expect(err).toBe('1\n')
    expect(status).toBe(0)
  })

  it('output with nowhere to go is told in a line', async () => {
    const { status, err } = await shell(
      `node ${launcher} </dev/null >/dev/full`)
    expect(err).toBe('lguest: Failed to print: no space left\n')
    expect(status).toBe(1)
  })

  it.each(['</dev/null', '<&-'])('no input at all: %s', async (from) => {
    const { status, out, err } = await shell(`node ${launcher} ${from}`)
    expect({ status, err }).toEqual({ status: 0, err: '' })
    expect(out).toContain('Puppy')
  })

  it('--verbose speaks on stderr only', async () => {
    const quiet = await throughPipes([], 'halt\n')
    const verbose = await throughPipes(['-v'], 'halt\n')
    expect(verbose.out).toBe(quiet.out)
    expect(verbose.err).toContain('lguest: entry 0xc01')
    expect(verbose.status).toBe(0)
  })

  it('--deterministic repeats a run to the byte', async () => {
    const input = 'sleep 300 | cat\nuptime\nps\nhalt\n'
    const one = await throughPipes(['--deterministic'], input)
    const two = await throughPipes(['--deterministic'], input)
    expect(one).toMatchObject({ status: 0, err: '' })
    expect(one.out).toMatch(/up 0\.3\d* seconds|up \d/)
    expect(two.out).toBe(one.out)
  })

  it('a restart boots again, on the same machine', async () => {
    const { out, err, status } = await throughPipes(['-v'], 'reboot\n')
    expect(err).toContain('the Guest asked for a restart')
    expect(out.match(/Puppy wakes/g)?.length).toBe(2)
    expect(status).toBe(0)
  })

  it('an address for the card of 2007 is in vain, and that is said once', async () => {
    const { err, out, status } = await throughPipes(['--net=lan', '--mac=02:00:00:00:00:01'], 'reboot\n')
    expect(err).toBe('lguest: --mac is for later kernels; one of 2007 chooses its own address\n')
    expect(out.match(/Puppy wakes/g)?.length).toBe(2)
    expect(status).toBe(0)
  })

  it.each([
    ['divide', 'unhandled trap 0 at 0x'],
    ['hypercall', 'Bad hypercall'],
    ['panic', 'CRASH: '],
    ['stack', 'bad stack segment'],
  ])('crash %s says why, with status 1', async (kind, reason) => {
    const { err, status } = await throughPipes([], `crash ${kind}\n`)
    expect(err).toMatch(/^lguest: [^\n]+\n$/)
    expect(err).toContain(reason)
    expect(status).toBe(1)
  })

  it('--stats and --trace leave stdout to the Guest', async () => {
    const quiet = await throughPipes([], 'halt\n')
    const loud = await throughPipes(['--stats', '--trace'], 'halt\n')
    expect(loud.out).toBe(quiet.out)
    expect(loud.status).toBe(0)
    expect(loud.err).toMatch(/^ +\d+ {2}call {2}LGUEST_INIT\(0x/m)
    expect(loud.err).toMatch(/^ +\d+ {2}call {2}CRASH\(/m)
    expect(loud.err).toMatch(/^world switches +[\d,]+$/m)
    expect(loud.err).toMatch(/^ {2}page fault +[\d,]+/m)
  })

  it('--memory sizes it', async () => {
    const { status } = await throughPipes(['--memory', '8'], 'halt\n')
    expect(status).toBe(0)
  })
})

describe('on a terminal', () => {
  const session = async (args = '') => {
    const terminal = new Terminal(BETWEEN_LOOKS(args))
    await terminal.see(PROMPT)
    return terminal
  }

  it('shows a prompt and echoes what is typed', async () => {
    const terminal = await session()
    terminal.type('echo woof\r')
    await terminal.see('echo woof')
    await terminal.see('woof')
    await terminal.see(PROMPT)
    terminal.type('halt\r')
    await finish(terminal, 0)
  })

  it('takes a pasted page whole', async () => {
    const terminal = await session()
    const words = Array.from({ length: 150 }, (_, i) => `word-${i}`)
    terminal.type(words.map((word) => `echo ${word}\r`).join(''))
    await terminal.see('\nword-149')
    const said = terminal.screen.match(/^word-\d+(?=\r)/gm)
    expect(said).toEqual(words)
    terminal.type('halt\r')
    await finish(terminal, 0)
  })

  it('goes on after having been stopped', async () => {
    const terminal = await session()
    const pid = Number(/pid:(\d+)\./.exec(terminal.screen)![1])
    process.kill(pid, 'SIGSTOP')
    await pause(200)
    process.kill(pid, 'SIGCONT')
    terminal.type('echo awake\r')
    await terminal.see('\nawake')
    terminal.type('halt\r')
    await finish(terminal, 0)
  })

  it('is raw while the Guest runs', async () => {
    const terminal = await session()
    const tty = /tty:(\S+)/.exec(terminal.screen)![1]
    const settings = execFileSync('stty', ['-a', '-F', tty]).toString()
    for (const off of ['-echo', '-icanon', '-isig']) {
      expect(settings).toMatch(new RegExp(`(^|\\s)${off}(\\s|;|$)`))
    }
    terminal.type('halt\r')
    await finish(terminal, 0)
  })

  it('three ^C leave with status 2', async () => {
    const terminal = await session()
    for (let i = 0; i < 3; i++) {
      terminal.type('\x03')
      await pause(150)
    }
    await finish(terminal, 2)
  })

  it('three ^C in one read leave, too', async () => {
    const terminal = await session()
    terminal.type('\x03\x03\x03')
    await finish(terminal, 2)
  })

  it('^C in company, or slowly, does not', async () => {
    const terminal = await session()
    terminal.type('\x03\x03\x03x')
    await pause(200)
    for (let i = 0; i < 3; i++) {
      terminal.type('\x03')
      await pause(900)
    }
    terminal.type('\recho alive\r')
    await terminal.see('alive')
    terminal.type('\rhalt\r')
    await finish(terminal, 0)
  })

  it.each([
    ['SIGTERM', 143], ['SIGHUP', 129], ['SIGINT', 130], ['SIGABRT', 134], ['SIGUSR2', 140],
  ] as const)(
    'is restored after %s', async (signal, status) => {
      const terminal = await session()
      const pid = Number(/pid:(\d+)\./.exec(terminal.screen)![1])
      process.kill(pid, signal)
      await finish(terminal, status)
    })
})

/** Puppy as people meet it: a keyboard, a screen, time that passes. */
import { afterEach, describe, expect, it } from 'vitest'
import { launcher, PROMPT, Terminal, throughPipes } from './launching.ts'

let terminal: Terminal
afterEach(() => terminal?.kill())

async function atPrompt(): Promise<Terminal> {
  terminal = new Terminal(`node ${launcher}; echo "status:$?"`)
  await terminal.see(PROMPT)
  return terminal
}

async function run(command: string): Promise<string> {
  terminal.type(`${command}\r`)
  return terminal.see(PROMPT)
}

describe('at a terminal', () => {
  it('one ^C ends the program in front, and the shell goes on', async () => {
    await atPrompt()
    terminal.type('spin 60000 | cat\r')
    await terminal.see('cat\r\n')
    terminal.type('\x03')
    await terminal.see(PROMPT)
    expect(await run('echo back')).toContain('\r\nback\r\n')
    expect(await run('ps')).not.toMatch(/spin|cat/)
    terminal.type('halt\r')
    await terminal.see('status:0')
  })

  it('lines can be edited and called back', async () => {
    await atPrompt()
    terminal.type('ecko one\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x7fh\r')
    await terminal.see('\r\none\r\n')
    await terminal.see(PROMPT)
    terminal.type('\x1b[A\x7f\x7f\x7ftwo\r')
    await terminal.see('\r\ntwo\r\n')
    await terminal.see(PROMPT)
    terminal.type('\x04')
    await terminal.see('status:0')
  })

  it('a program left behind runs on while the shell listens', async () => {
    await atPrompt()
    await run('spin 60000 &')
    expect(await run('ps')).toContain('spin\r\n')
    await run('kill 2')
    expect(await run('echo')).toBeTruthy()
    expect(await run('ps')).not.toContain('spin\r\n')
    terminal.type('halt\r')
    await terminal.see('status:0')
  })

  it('reboots into a fresh prompt, and crashes with a reason', async () => {
    await atPrompt()
    terminal.type('reboot\r')
    await terminal.see('wakes in ring 1')
    await terminal.see(PROMPT)
    terminal.type('crash divide\r')
    await terminal.see('lguest: unhandled trap 0 at 0xc01')
    await terminal.see('status:1')
  })
})

describe('through a pipe', () => {
  it('a long session is a transcript', async () => {
    const { out, err, status } = await throughPipes([], [
      'echo a | upper', 'spin 20 | wc', 'oops null', 'mem', 'bench', 'history', 'halt', '',
    ].join('\n'))
    expect(out).toMatch(/^[\n -~]*$/)
    expect(out).toContain('puppy> echo a | upper\nA\npuppy> ')
    expect(out).toMatch(/hypercall SET_PTE, by the ring +640 +\d+\n/)
    expect(err).toBe('')
    expect(status).toBe(0)
  })

  it('two busy programs take turns', async () => {
    const { out } = await throughPipes([], 'spin 300 &\nspin 300\nsleep 200\n')
    expect(out.match(/counted to \d+ thousand/g)).toHaveLength(2)
  })
})

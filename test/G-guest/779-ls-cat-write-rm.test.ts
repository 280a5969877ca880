import { describe, expect, it } from 'vitest'
import { BytesFile } from '../../generated/launcher/bytes-file.ts'
import { makeKennel } from '../support/kennel.ts'
import { lines, session } from '../support/puppy.ts'

describe('G:779 files at the prompt', () => {
  it('are there after a reboot', async () => {
    const image = new Uint8Array(1 << 20)
    const { out } = await session([...lines('format', 'echo remember me | write note', 'reboot'), ...lines('cat note', 'ls')],
      ['--block', 'disk'], new BytesFile(image))
    expect(out.match(/Puppy wakes/g)).toHaveLength(2)
    expect(out.split('puppy> cat note\n')[1]).toMatch(/^remember me\npuppy> ls\n[^]*\n {6}12 bytes {2}note\n/)
  })

  it('without a disk ls says nothing of it, and the others do', async () => {
    const none = 'there is no disk; see the Launcher\'s --block\n'
    const { answers } = await session(lines('ls', 'cat x', 'rm x', 'echo | write x', 'format'))
    expect(answers[0]).not.toContain('disk')
    expect(answers.slice(1, 5)).toEqual([none, none, none, none])
  })

  it('a file may become itself by way of a pipe; the longest has two megabytes', async () => {
    const image = makeKennel({ a: new TextEncoder().encode('abc\n'), most: new Uint8Array(2 << 20).fill(66), over: new Uint8Array((2 << 20) + 1) }, 9000)
    const { answers } = await session(lines('cat a | upper | write a', 'cat a', 'cat over', 'cat most && echo'),
      ['--block', 'disk'], new BytesFile(image))
    expect(answers.slice(1, 3)).toEqual(['ABC\n', 'there is no room for that\n'])
    expect(answers[3]).toBe(`${'B'.repeat(2 << 20)}\n`)
  })

  it('what is typed to write is a file, up to ^D', async () => {
    const { answers } = await session(['write a\r', 'one\r', 'two\r', '\x04', 'cat a\r'],
      ['--block', 'disk'], new BytesFile(makeKennel({})))
    expect(answers[1].replaceAll('\r', '')).toBe('one\ntwo\n')
  })
})

import { describe, expect, it } from 'vitest'
import { proc } from '../../generated/puppy/kernel/processes.ts'
import { BareKernel, lines, session } from '../support/puppy.ts'

const READ = 2
const WRITE = 4
const USER = 0x3ff00000

/** A pipe with both ends open, and a process that uses it. */
function withPipe() {
  const bare = new BareKernel().withFrames()
  bare.set('current', bare.at('processes'))
  const { eax: page } = bare.call('frame_alloc')
  bare.call('file_share', { eax: page | READ })
  bare.call('file_share', { eax: page | WRITE })
  return { bare, page }
}

describe('G:451 an open file', () => {
  it('is the console, or is not', () => {
    const { bare } = withPipe()
    const files = bare.at('processes') + proc.files
    const isATty = (file: number): number => bare.call('sys_isatty', { eax: file }).eax
    bare.write(files + 4, 1)
    bare.write(files + 8, 0x40701000 | READ)
    expect([0, 1, 2, 8, 0xffffffff].map(isATty)).toEqual([0, 1, 0, 0, 0])
  })
})

describe('G:452 who holds an end', () => {
  it('counts both kinds, and frees the page with the last', () => {
    const { bare, page } = withPipe()
    expect([bare.read(page), bare.read(page + 4)]).toEqual([1, 1])
    bare.call('file_share', { eax: page | READ })
    expect(bare.read(page)).toBe(2)
    const free = bare.get('frames_free')
    for (const end of [READ, WRITE]) bare.call('file_release', { eax: page | end })
    expect(bare.get('frames_free')).toBe(free)
    bare.call('file_release', { eax: page | READ })
    expect(bare.get('frames_free')).toBe(free + 1)
  })

  it('the console is nobody\'s', () => {
    const { bare } = withPipe()
    const free = bare.get('frames_free')
    bare.call('file_share', { eax: 1 })
    bare.call('file_release', { eax: 1 })
    bare.call('file_release', { eax: 0 })
    expect(bare.get('frames_free')).toBe(free)
  })
})

describe('G:453 a pipe', () => {
  it('gives bytes in order, at most what is there', () => {
    const { bare, page } = withPipe()
    const text = 0xc0700000
    bare.write(text, 0x64636261)
    expect(bare.call('pipe_write', { eax: page | WRITE, edx: text, ecx: 4 }).eax).toBe(4)
    expect(bare.call('pipe_read', { eax: page | READ, edx: text + 16, ecx: 3 }).eax).toBe(3)
    expect(bare.read(text + 16)).toBe(0x00636261)
    expect(bare.call('pipe_read', { eax: page | READ, edx: text + 16, ecx: 9 }).eax).toBe(1)
    expect(bare.read(text + 16) & 0xff).toBe(0x64)
  })

  it('ends when the last writer goes; is broken when the last reader goes', () => {
    const { bare, page } = withPipe()
    bare.call('file_release', { eax: page | WRITE })
    expect(bare.call('pipe_read', { eax: page | READ, edx: USER, ecx: 4 }).eax).toBe(0)
    const other = withPipe()
    other.bare.call('file_release', { eax: other.page | READ })
    expect(other.bare.call('pipe_write', { eax: other.page | WRITE, edx: USER, ecx: 4 }).eax)
      .toBe(0xffffffff)
  })

  it('needs two descriptors, and takes none if there is but one', () => {
    const { bare } = withPipe()
    const files = bare.at('processes') + 48
    for (let i = 0; i < 7; i++) bare.write(files + 4 * i, 1)
    const free = bare.get('frames_free')
    expect(bare.call('sys_pipe', { eax: 0x40701000 }).eax).toBe(0xffffffff)
    expect(bare.read(files + 28)).toBe(0)
    bare.write(files + 28, 1)
    expect(bare.call('sys_pipe', { eax: 0x40701000 }).eax).toBe(0xffffffff)
    expect(bare.get('frames_free')).toBe(free)
  })

  it('joins programs, also more text than it holds', async () => {
    const { answers } = await session([
      ...lines('echo one two | upper', 'echo a | cat | cat | cat | wc', 'help | wc'),
      'cat | wc\n', ...Array.from({ length: 30 }, () => `${'y'.repeat(199)}\n`), '\x04'])
    expect(answers.slice(0, 2)).toEqual(['ONE TWO\n', '1 lines, 2 bytes\n'])
    expect(answers[2]).toMatch(/^\d+ lines, \d+ bytes\n$/)
    expect(answers[3].split('\n').at(-2)).toBe('30 lines, 6000 bytes')
  })
})

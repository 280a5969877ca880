import { describe, expect, it } from 'vitest'
import { assemblePrograms, programsIn } from '../../generated/puppy/user/programs.ts'
import { lines, session } from '../support/puppy.ts'

describe('G:751 to G:755', () => {
  it('help names every program', async () => {
    const { answers } = await session(lines('help'))
    for (const name of [...programsIn(assemblePrograms()).map(([program]) => program), 'history', 'exit', 'ps', 'kill']) {
      expect(answers[0]).toMatch(new RegExp(`\\b${name}\\b`))
    }
    for (const text of answers[0].split('\n')) expect(text.length).toBeLessThan(80)
  })

  it('echo, upper, wc, cat, uptime, clear', async () => {
    const { answers } = await session(lines(
      'echo  Some words ', 'echo Some | upper', 'echo Some | wc', 'echo Some | cat', 'uptime', 'clear'))
    expect(answers.slice(0, 4)).toEqual(['Some words\n', 'SOME\n', '1 lines, 5 bytes\n', 'Some\n'])
    expect(answers[4]).toMatch(/^up \d+\.\d seconds, \d+ ticks\n$/)
    expect(answers[5]).toBe('\x1b[H\x1b[2J')
  })

  it('mem adds up', async () => {
    const { answers } = await session(lines('mem'), ['--memory', '16'])
    const [ram, kernel, programs, used, free] = [...answers[0].matchAll(/^ *(\d+) KiB/gm)].map((m) => Number(m[1]))
    expect(ram).toBe(16384)
    expect(programs).toBeLessThan(kernel)
    expect(ram - free - used - kernel).toBeLessThan(1024 + 16)
    expect(ram - free - used - kernel).toBeGreaterThan(1023)
  })

  it('filters read what a person types, up to ^D', async () => {
    const { answers } = await session(['upper\r', 'one\rtwo\r', '\x04', 'echo done\r'])
    expect(answers.slice(0, 2)).toEqual(['one\nONE\ntwo\nTWO\n', 'done\n'])
  })

  it('filters show what a person types as it is typed, and let it be mended', async () => {
    const { answers } = await session(['wc\r', 'heklo', '\x7f\x7f\x7flo\r', '\x04'])
    expect(answers[0]).toBe('heklo\b \b\b \b\b \blo\n1 lines, 5 bytes\n')
  })

  it('what is typed to a pipeline does not go into the pipe twice', async () => {
    const { answers } = await session(['cat | wc\r', 'abc\r', '\x04'])
    expect(answers[0]).toBe('abc\n1 lines, 4 bytes\n')
  })

  it('ls lists all there is', async () => {
    const { answers } = await session(lines('ls'))
    const listed = answers[0].split(/\s+/).filter((word) => word !== '').sort()
    const programs = programsIn(assemblePrograms()).map(([name]) => name)
    expect(listed).toEqual([...programs, 'exit', 'history', 'kill', 'ps'].sort())
    for (const text of answers[0].split('\n')) expect(text.length).toBeLessThan(80)
  })

  it('ps and kill work when no process can be made', async () => {
    const { answers, out } = await session(lines(
      ...Array.from({ length: 15 }, () => 'sleep 90000 &'), 'echo no', 'ps', 'kill 16', 'kill 15', 'echo yes'))
    expect(out).toContain('no room for another process\n')
    expect(answers[16].match(/ sleep\n/g)).toHaveLength(15)
    expect(answers.join('')).toContain('[15] ended\n')
    expect(answers[19]).toMatch(/^yes\n/)
  })

  it('a number too large is no small one', async () => {
    const { answers } = await session(lines('kill 4294967297', 'kill 42949672970', 'kill 99999999999999999999', 'echo alive'))
    expect(answers.slice(0, 4)).toEqual([...Array(3).fill('there is no such group\n'), 'alive\n'])
  })

  it('kill ends a group, or knows of none', async () => {
    const { answers } = await session(lines('sleep 90000 | cat &', 'ps', 'kill 2', 'echo', 'ps', 'kill 77'))
    expect(answers[1]).toMatch(/ sleep\n[^]* cat\n/)
    expect(answers.slice(2, 5).join('')).toMatch(/\[2\] ended\n/)
    expect(answers[4]).not.toMatch(/ sleep\n| cat\n/)
    expect(answers[5]).toBe('there is no such group\n')
  })

  it('sleep takes its time', async () => {
    const { answers } = await session(lines('uptime', 'sleep 700', 'uptime'))
    const [before, after] = [answers[0], answers[2]].map((text) => Number(/[\d.]+/.exec(text)![0]))
    expect(after - before).toBeGreaterThan(0.65)
    expect(after - before).toBeLessThan(1)
  })
})

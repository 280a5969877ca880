import { describe, expect, it } from 'vitest'
import { lines, session } from '../support/puppy.ts'

describe('G:352 to G:355', () => {
  it('every command is a child, and its pid is used once', async () => {
    const { answers } = await session(lines('sleep 20000 &', 'ps', 'kill 2; ps', 'sleep 20000 &', 'ps'))
    expect(answers[1]).toMatch(/ {4}1 +0 +\d+ {2}runs +sh\n {4}2 +1 +\d+ {2}sleeps +sleep\n/)
    expect(answers[4]).toMatch(/ {4}3 +1 +\d+ {2}sleeps +sleep\n/)
    expect(answers[4]).not.toMatch(/ {4}2 /)
  })

  it('children of a shell that ended become the first process\'s', async () => {
    const { out, answers } = await session([
      ...lines('sh', 'sleep 2000 &'), '\x04', ...lines('ps')])
    expect(out).toContain('[3]\n')
    expect(answers.at(-2)).toMatch(/ {4}3 +1 +\d+ {2}sleeps +sleep\n/)
  })

  it('a process that was left behind is buried with the next', async () => {
    const { answers } = await session(lines('sleep 20 &', 'sleep 200', 'ps'))
    expect(answers[1]).toBe('[2] ended\n')
    expect(answers[2]).not.toMatch(/sleep\n/)
  })

  it('fork fails when the table is full, and the shell survives', async () => {
    const many = Array.from({ length: 14 }, () => 'sleep 300 &')
    const { out, status } = await session(lines(
      ...many, 'echo a | cat', 'sleep 500', 'ps', 'echo alive | upper | wc'))
    expect(out).toContain('no room for another process\n')
    expect(out.match(/\[\d+\] ended\n/g)).toHaveLength(14)
    expect(out).toContain('\n1 lines, 6 bytes\n')
    expect(status).toBe(0)
  })

  it('waits for one group, and leaves other children alone', async () => {
    const { answers } = await session(['sh | sleep 400\n', 'sleep 100 &\n', '\x04', ...lines('uptime', 'ps')])
    const text = answers.join('')
    const [seconds] = [...text.matchAll(/up (\d+\.\d)/g)].map((match) => Number(match[1]))
    expect(seconds).toBeGreaterThanOrEqual(0.4)
    expect(text).not.toMatch(/sleep\n$/)
  })

  it('the end of the first process is the end of the machine', async () => {
    expect(await session(['\x04'])).toMatchObject({ status: 0, err: [] })
  })
})

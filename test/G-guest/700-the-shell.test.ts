import { describe, expect, it } from 'vitest'
import { lines, session } from '../support/puppy.ts'

describe('G:701 the loop', () => {
  it('greets once, and prompts', async () => {
    const { out } = await session(lines('sh', 'echo inner'))
    expect(out.match(/Type 'help'/g)).toHaveLength(1)
    expect(out).toContain("\nPuppy, a Guest of lguest. Type 'help' to see the tricks.\npuppy> sh\npuppy> echo inner\ninner\n")
  })

  it('does nothing for nothing', async () => {
    const { answers } = await session(lines('', '   ', 'echo x'))
    expect(answers.slice(0, 3)).toEqual(['', '', 'x\n'])
  })

  it('says so if there is no such program', async () => {
    expect((await session(lines('fetch ball'))).answers[0]).toBe("fetch: no such program; try 'help'\n")
    expect((await session(lines('echo a |'))).answers[0]).toBe("(nothing): no such program; try 'help'\n")
  })
})

describe('G:702 to G:704 lines', () => {
  it('pipelines, however they are spaced', async () => {
    const { answers } = await session(lines('  echo a b|upper  |  cat  '))
    expect(answers[0]).toBe('A B\n')
  })

  it('an ampersand leaves it behind', async () => {
    const { answers } = await session(lines('sleep 30 | cat &', 'sleep 100', 'echo'))
    expect(answers[0]).toBe('[2]\n')
    expect(answers[1].split('\n').sort()).toEqual(['', '[2] ended', '[3] ended'])
  })

  it('^C ends what is in front, all of it, and only that', async () => {
    const { out, answers, status } = await session([
      'sleep 90000 &\n', 'cat | upper\n', '\x03', 'ps\n', 'echo still\n'])
    expect(out).toContain('\nstill\n')
    expect(answers.at(-3)).toMatch(/sleep\n/)
    expect(answers.at(-3)).not.toMatch(/cat\n|upper\n/)
    expect(status).toBe(0)
  })
})

describe('G:705 history', () => {
  it('is numbered, oldest first', async () => {
    const { answers } = await session(lines('echo a', 'history'))
    expect(answers[1]).toBe('   1  echo a\n   2  history\n')
  })
})

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

describe('G:702 signs and quotes', () => {
  it.each([
    ["echo 'a | b' \"c;d\"", 'a | b c;d\n'],
    ["echo \"it's\" 'a \"b\"'", `it's a "b"\n`],
    ["'ec'ho joined", 'joined\n'],
    ["echo 'a && b' | upper", 'A && B\n'],
    ['echo "open', 'a quote is not closed\n'],
    ['echo x > y', 'there is no > and no <; try | write FILE, and cat FILE |\n'],
    ['wc < y', 'there is no > and no <; try | write FILE, and cat FILE |\n'],
    ['echo "a > b"', 'a > b\n'],
    ['a || b', 'there is no ||, only && and ;\n'],
    ['echo $HOME *', '$HOME *\n'],
  ])('%s', async (line, said) => {
    expect((await session(lines(line))).answers[0]).toBe(said)
  })

  it('are remembered as they were typed', async () => {
    const { answers } = await session(lines("echo 'a | b'; echo c", 'history'))
    expect(answers[1]).toContain("   1  echo 'a | b'; echo c\n")
  })
})

describe('G:703 a line', () => {
  it.each([
    ['echo a; echo b', 'a\nb\n'],
    ['echo a;', 'a\n'],
    ['; echo a ;; echo b', 'a\nb\n'],
    ['echo a && echo b && echo c', 'a\nb\nc\n'],
    ['kill 99 && echo b && echo c; echo d', 'there is no such group\nd\n'],
    ['echo a | crash no && echo b', /^kinds: [^\n]*\n$/],
    ['crash no | upper && echo b', /^kinds: [^\n]*\nb\n$/],
    ['oops null && echo b', /^oops[^\n]*\n$/],
    ['nosuch && echo b', /^nosuch[^\n]*\n$/],
    ['history | wc', '1 lines, 19 bytes\n'],
  ])('%s', async (line, said) => {
    const [answer] = (await session(lines(line))).answers
    if (typeof said === 'string') expect(answer).toBe(said)
    else expect(answer).toMatch(said)
  })

  it('leaves behind what an & ends, and goes on', async () => {
    const { answers } = await session(lines('sleep 50 & echo b', 'sleep 90'))
    expect(answers[0]).toBe('[2]\nb\n')
    expect(answers[1]).toBe('[2] ended\n')
  })

  it('ends with a ^C', async () => {
    const { out } = await session(['sleep 90000; echo rest\n', '\x03', 'echo next\n'])
    expect(out).not.toMatch(/^rest\n/m)
    expect(out).toContain('\nnext\n')
  })

  it('exit leaves a shell, the first one with the machine', async () => {
    const { out, status } = await session(lines('sh', 'exit', 'ps', 'exit', 'echo never'))
    expect(out.match(/ sh\n/g)).toHaveLength(2)
    expect(out).not.toMatch(/^never\n/m)
    expect(status).toBe(0)
  })
})

describe('G:704 to G:706 pipelines', () => {
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

describe('G:707 history', () => {
  it('is numbered, oldest first', async () => {
    const { answers } = await session(lines('echo a', 'history'))
    expect(answers[1]).toBe('   1  echo a\n   2  history\n')
  })
})

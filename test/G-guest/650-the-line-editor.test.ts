import { describe, expect, it } from 'vitest'
import { session } from '../support/puppy.ts'

const UP = '\x1b[A'
const DOWN = '\x1b[B'
const RIGHT = '\x1b[C'
const LEFT = '\x1b[D'

/** What the program that these keys start prints. */
async function answers(...keys: string[]): Promise<string[]> {
  const { answers: all, out } = await session(keys.map((key) => `${key}\r`))
  const said = all.map((answer) => answer.split('\n').filter((text) => text !== '').pop() ?? '')
  expect(out.length).toBeGreaterThan(0)
  return said.filter((text) => text !== '' && !/[\x1b\r]/.test(text))
}

describe('G:651 keys', () => {
  it.each([
    ['rubout', 'ecko\x7f\x7fho fixed', 'fixed'],
    ['backspace', 'echo abd\bc', 'abc'],
    ['rubout of nothing', '\x7f\x7fecho ok', 'ok'],
    ['erase', 'garbage\x15echo clean', 'clean'],
    ['inserting', `echo ac${LEFT}b`, 'abc'],
    ['left and right', `echo ad${LEFT}bc${RIGHT}e`, 'abcde'],
    ['home and end', 'cho x\x01e\x05y', 'xy'],
    ['rubout in the middle', `echo abXc${LEFT}\x7f`, 'abc'],
    ['cancel', 'garbage\x03echo new', 'new'],
    ['an unknown control key', 'echo a\x02b', 'ab'],
    ['an unknown arrow', 'echo a\x1b[Zb', 'ab'],
    ['Home and End as letters', 'cho x\x1b[He\x1bOFy', 'xy'],
    ['Home and End as numbers', 'cho x\x1b[1~e\x1b[4~y', 'xy'],
    ['Home and End as other numbers', 'cho x\x1b[7~e\x1b[8~y', 'xy'],
    ['Delete in the middle', `echo abX${LEFT}c${LEFT}\x1b[3~\x1b[3~`, 'ab'],
    ['Delete at the end', 'echo ab\x1b[3~c', 'abc'],
    ['a function key', 'echo a\x1b[13~b', 'ab'],
    ['a modified arrow', 'echo ac\x1b[1;5Db', 'abc'],
    ['a letter with Alt', 'echo a\x1bxb', 'ab'],
    ['rubout of a character of several bytes', 'echo añ€\x7f\x7fb', 'ab'],
    ['moving over characters of several bytes', `echo ñ€${LEFT}${LEFT}x${RIGHT}y`, 'xñy€'],
    ['Delete of one', `echo añb${LEFT}${LEFT}\x1b[3~`, 'ab'],
    ['rubout never eats the prompt', 'é\x7f\x7f\x7fecho b', 'b'],
    ['escape and cancel', 'junk\x1b[\x03\x15echo a', 'a'],
  ])('%s', async (_name, keys, said) => {
    expect(await answers(keys)).toContain(said)
  })

  /** The rows and columns that each drawing of a line moves the cursor by, from its end. */
  const moves = (out: string) => [...out.matchAll(/(?:\x1b\[(\d+)A)?\r(?:\x1b\[(\d+)C)?(?!\x1b\[J)/g)].map(([, up = '0', right = '0']) => [+up, +right])

  it.each([
    ['of one column', 'é', 1], ['of China', '漢', 2], ['of Korea', '한', 2], ['full width', 'Ａ', 2], ['half width', 'ｱ', 1],
    ['a dog', '🐶', 2], ['a check mark', '✅', 2], ['an old picture', '🌡', 1], ['rare', '𠀀', 2], ['an accent', '́', 0],
  ])('the cursor stands where characters %s end', async (_, character, width) => {
    const { out } = await session([`${character.repeat(9)}xy${LEFT}\x15echo\r`])
    expect(moves(out)).toContainEqual([0, 7 + 9 * width + 1])
  })

  it('what takes two columns is rubbed out whole, and does not begin in the last one', async () => {
    const { out } = await session(['ab漢\x7f\x7f\x15echo\r', `${'漢'.repeat(73)}yz${LEFT}\x15echo\r`])
    expect(out).toContain('\x1b[6n\x1b8\r\x1b[Jpuppy> ab\b \b')
    // 36 of them stand behind the prompt's 7 columns, and the other 37 in the next row.
    expect(moves(out)).toContainEqual([0, 2 * 37 + 1])
  })

  it('Delete before the last character redraws', async () => {
    const { out } = await session([`echo ab${LEFT}\x1b[3~\n`])
    expect(out).toContain('\r\x1b[Jpuppy> echo a\n')
  })

  it('a line has its limit, and says so', async () => {
    const most = `echo ${'z'.repeat(495)}`
    const { answers: all } = await session([`${most}\n`, `${most}y\n`, `${most}yy\x7fx\x7f\n`])
    expect(all[0]).toBe(`${'z'.repeat(495)}\n`)
    expect(all[1]).toBe('that line is too long: 500 bytes fit\n')
    expect(all[2]).toBe(`${'z'.repeat(494)}\n`)
  })

  it('Enter is 13 or 10', async () => {
    const { answers: all } = await session(['echo a\r', 'echo b\n'])
    expect(all.slice(0, 2)).toEqual(['a\n', 'b\n'])
  })

  it('a pipe gives a transcript without control characters', async () => {
    const { out } = await session(['echo one\n', 'ps\n', 'mem\n'])
    expect(out).toMatch(/^[\n -~]*$/)
    expect(out).toContain('puppy> echo one\none\npuppy> ps\n')
  })

  it('a line that the end of input cuts is a line', async () => {
    expect((await session(['echo cut'])).answers[0]).toBe('cut\n')
  })

  it('^D ends an empty line only', async () => {
    const { out, status } = await session(['echo a\x04b\n', '\x04', 'echo never\n'])
    expect(out).toContain('\nab\n')
    expect(out).not.toContain('never')
    expect(status).toBe(0)
  })
})

describe('G:652 history', () => {
  it('goes up and down', async () => {
    expect(await answers('echo 1', 'echo 2', `${UP}${UP}x`, `${UP}${UP}${UP}${DOWN}y`, `${UP}${DOWN}echo z`))
      .toEqual(['1', '2', '1x', '2y', 'z'])
  })

  it('has a beginning', async () => {
    expect(await answers('echo 1', `${UP}${UP}${UP}x`)).toEqual(['1', '1x'])
  })

  it('keeps sixteen', async () => {
    const many = Array.from({ length: 20 }, (_, i) => `echo n${i}`)
    const said = await answers(...many, `${UP.repeat(30)}!`)
    expect(said.at(-1)).toBe('n4!')
  })
})

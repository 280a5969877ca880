import { describe, expect, it } from 'vitest'
import { Machine } from '../../generated/emulator/index.ts'
import { USER_STACK_TOP, USER_TEXT } from '../../generated/puppy/numbers.ts'
import { assemblePrograms, programsIn } from '../../generated/puppy/user/programs.ts'
import { BareKernel, lines, session } from '../support/puppy.ts'

const image = assemblePrograms()
const at = (name: string): number => image.symbols.get(name)!

/** Calls a routine of the library; the output buffer is what it printed. */
function library(name: string, eax: number, edx = 0, texts: [number, string][] = []) {
  const machine = new Machine({ ramBytes: 16 << 20 })
  machine.physical.writeBytes(USER_TEXT, image.bytes)
  machine.physical.write8(0x1000, 0xf4)
  for (const [where, text] of texts) {
    machine.physical.writeBytes(where, new TextEncoder().encode(`${text}\0`))
  }
  machine.physical.write32(USER_STACK_TOP - 4, 0x1000)
  machine.cpu.setReg(0, eax)
  machine.cpu.setReg(2, edx)
  machine.cpu.setReg(4, USER_STACK_TOP - 4)
  machine.cpu.eip = at(name)
  expect(machine.cpu.run(100_000).reason).toBe('halt')
  const length = machine.physical.read32(at('output_length'))
  return {
    eax: machine.cpu.reg(0),
    printed: Buffer.from(machine.physical.readBytes(at('output'), length)).toString(),
    text: (where: number) => Buffer.from(machine.physical.readBytes(where, 64)).toString().split('\0')[0],
  }
}

describe('G:601 one image', () => {
  it('has an entry for every name, and the kernel knows it', () => {
    const bare = new BareKernel()
    programsIn(image).forEach(([name, entry], i) => {
      expect(entry).toBeGreaterThanOrEqual(USER_TEXT)
      const line = bare.at('program_table') + 8 * i
      expect(bare.read(line)).toBe(bare.at(`name_${name}`))
      expect(bare.read(line + 4)).toBe(entry)
      expect(bare.call('program_find', { eax: bare.at(`name_${name}`) }).eax).toBe(line)
    })
  })

  it('has none for a stranger', () => {
    const bare = new BareKernel()
    expect(bare.call('program_find', { eax: bare.at('line') }).eax).toBe(0)
  })

  it('is small enough to be shared by eye', () => {
    expect(image.bytes.length).toBeLessThan(64 * 1024)
  })
})

describe('G:603 telling', () => {
  it.each([
    ['put_decimal', 0, 0, '0'], ['put_decimal', 4294967295, 0, '4294967295'],
    ['put_column', 42, 6, '    42'], ['put_column', 0, 3, '  0'],
    ['put_column', 123456, 4, '123456'],
  ])('%s of %i in %i columns', (name, eax, edx, printed) => {
    const result = library(name, eax, edx)
    expect(result.printed).toBe(printed)
    expect(result.eax).toBe(eax)
  })
})

describe('G:603 complaints', () => {
  it('do not go into a pipe', async () => {
    const { answers } = await session(lines('oops what | wc', 'crash what | wc', 'nosuch | wc', 'kill 99 | wc'))
    for (const [i, text] of [/^kinds: null/, /^kinds: panic/, /^nosuch: no such/, /^there is no such group/].entries()) {
      expect(answers[i]).toMatch(text)
      expect(answers[i]).toMatch(/\n0 lines, 0 bytes\n$/)
    }
  })
})

describe('G:604 words', () => {
  const A = 0x2000
  const B = 0x3000
  it.each([
    ['one', 'one', 1], ['one', 'on', 0], ['', '', 1], ['a', 'b', 0],
  ])('same_text of %j and %j is %i', (a, b, eax) => {
    expect(library('same_text', A, B, [[A, a], [B, b]]).eax).toBe(eax)
  })

  it('text_length counts', () => {
    expect(library('text_length', A, 0, [[A, 'woof']]).eax).toBe(4)
    expect(library('text_length', A, 0, [[A, '']]).eax).toBe(0)
  })

  it('next_word ends a word and finds the next', () => {
    const { eax, text } = library('next_word', A, 0, [[A, 'one   two three']])
    expect([text(A), text(eax)]).toEqual(['one', 'two three'])
    const single = library('next_word', A, 0, [[A, 'one']])
    expect(single.text(single.eax)).toBe('')
  })

  it.each([['a b  ', 'a b'], ['   ', ''], ['x', 'x'], ['', '']])('trim of %j is %j', (given, left) => {
    const { eax, text } = library('trim', A, 0, [[A, given]])
    expect(eax).toBe(A)
    expect(text(A)).toBe(left)
  })

  it.each([['120', 120], ['12x', 12], ['', 0], ['x', 0]])('parse_number of %j is %i', (given, eax) => {
    expect(library('parse_number', A, 0, [[A, given]]).eax).toBe(eax)
  })
})

import { describe, expect, it } from 'vitest'
import {
  al, Assembler, eax, ebx, ecx, mem, mnemonics,
} from '../../generated/assembler/index.ts'
import { disassemble } from '../support/disassemble.ts'

describe('the program of E:940', () => {
  it('comes out as written', () => {
    const a = new Assembler(0x100000)
    const again = a.here('again')
    a.mov(eax, mem(ebx, 8))
    a.test(eax, eax)
    a.jne(again)
    a.hlt()
    const { origin, bytes, symbols } = a.assemble()
    expect(disassemble(bytes, origin)).toEqual([
      'mov eax,[ebx+8]', 'test eax,eax', 'jne short 00100000h', 'hlt',
    ])
    expect(symbols).toEqual(new Map([['again', 0x100000]]))
  })
})

describe('methods', () => {
  it('there is one for every mnemonic', () => {
    const a = new Assembler(0) as unknown as Record<string, unknown>
    for (const mnemonic of mnemonics) {
      expect(typeof a[mnemonic], mnemonic).toBe('function')
    }
  })

  it('know a condition by each of its names', () => {
    const a = new Assembler(0)
    const top = a.here()
    a.setc(al).cmovnl(eax, ecx).jnz(top)
    expect(disassemble(a.assemble().bytes))
      .toEqual(['setb al', 'cmovge eax,ecx', 'jne short 0'])
  })
})

describe('labels', () => {
  it('are bound once, in their own program, under their own name', () => {
    const a = new Assembler(0)
    const top = a.here('top')
    expect(() => a.bind(top)).toThrow('top: is bound twice')
    expect(() => a.label('top'))
      .toThrow('top: there is a label of this name already')
    expect(() => new Assembler(0).bind(a.label('other')))
      .toThrow('other: is a label of another program')
  })

  it('with a name must be bound at the end', () => {
    const a = new Assembler(0)
    a.label('forgotten')
    expect(() => a.assemble())
      .toThrow('forgotten: nothing is bound to forgotten')
    const b = new Assembler(0)
    b.label()
    expect(b.assemble().symbols.size).toBe(0)
  })

  it('after padding stand after the padding', () => {
    const a = new Assembler(0x1001)
    a.align(16)
    const here = a.here('here')
    expect(a.assemble().addressOf(here)).toBe(0x1010)
  })
})

describe('complaints point to the line that did it', () => {
  const a = new Assembler(0)
  const missing = a.label('missing')
  it.each<[string, (b: Assembler) => void]>([
    ['a call to a label that is never bound', function culprit(b) { b.call(missing) }],
    ['a jump to one', function culprit(b) { b.jne(missing) }],
    ['a word with its address', function culprit(b) { b.dd(missing) }],
    ['a name that is never bound', function culprit(b) { b.label('forgotten') }],
    ['a target out of reach', function culprit(b) { b.loop(0x1000) }],
    ['a label bound twice', function culprit(b) { b.bind(b.here()) }],
    ['a distance that is no byte', function culprit(b) { b.db(b.here().plus(300)) }],
  ])('%s', (_name, culprit) => {
    const program = new Assembler(0)
    const mistake = (): void => {
      culprit(program)
      program.assemble()
    }
    let stack = ''
    try { mistake() } catch (error) { stack = (error as Error).stack! }
    const [first, ...frames] = stack.split('\n')
    expect(first).toMatch(/^AssemblyError: /)
    expect(frames.slice(0, 4).join('\n')).toContain('culprit')
  })
})

describe('data', () => {
  it('goes out as it is', () => {
    const a = new Assembler(0)
    a.db(1, -1, new Uint8Array([2, 3])).dw(0x1234).dd(0x12345678, -1)
    a.ascii('ok').asciz('é').space(2, 7)
    expect(Buffer.from(a.assemble().bytes).toString('hex')).toBe(
      '01ff0203' + '3412' + '78563412ffffffff' + '6f6b' + 'c3a900' + '0707')
  })

  it('must fit', () => {
    const a = new Assembler(0)
    expect(() => a.db(256)).toThrow('db 0x100: does not fit in 1 bytes')
    expect(() => a.dw(-32769)).toThrow('dw -0x8001: does not fit in 2 bytes')
    expect(() => a.dd(2 ** 32)).toThrow('does not fit in 4 bytes')
    expect(() => a.align(0)).toThrow('align 0: not a boundary')
  })

  it('is aligned to addresses, not to the start', () => {
    const a = new Assembler(0x1003)
    a.db(1).align(4).db(2).align(8, 0)
    expect([...a.assemble().bytes]).toEqual([1, 2, 0, 0, 0])
  })
})

it('the address is known until the first jump', () => {
  const a = new Assembler(0x1000)
  a.nop().align(16).nop()
  expect(a.address).toBe(0x1011)
  a.jmp(0)
  expect(() => a.address).toThrow('address: jumps are not settled')
})

it('a program can be continued and assembled again', () => {
  const a = new Assembler(0)
  const end = a.label('end')
  a.jmp(end).bind(end).hlt()
  expect(a.assemble().bytes.length).toBe(3)
  a.hlt()
  expect(a.assemble().bytes.length).toBe(4)
})

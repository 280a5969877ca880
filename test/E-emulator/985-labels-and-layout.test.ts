import { describe, expect, it } from 'vitest'
import {
  Assembler, AssemblyError, cl, eax, ebx, Label, mem,
} from '../../generated/assembler/index.ts'
import { decode } from '../support/disassemble.ts'

const hex = (a: Assembler): string =>
  Buffer.from(a.assemble().bytes).toString('hex')

/** A jump over `gap` bytes; its length. */
function jumpOver(gap: number): number {
  const a = new Assembler(0)
  const there = a.label()
  a.jmp(there).space(gap).bind(there)
  return a.assemble().bytes.length - gap
}

/** A jump back over `gap` bytes; its length. */
function jumpBack(gap: number): number {
  const a = new Assembler(0)
  const there = a.here()
  a.space(gap).je(there)
  return a.assemble().bytes.length - gap
}

describe('jumps', () => {
  it('are short as long as they reach', () => {
    expect([jumpOver(127), jumpOver(128)]).toEqual([2, 5])
    expect([jumpBack(126), jumpBack(127)]).toEqual([2, 6])
  })

  it('grow when one in between grows', () => {
    const a = new Assembler(0)
    const near = a.label()
    const far = a.label()
    a.jmp(near).jmp(far).space(125).bind(near).space(4).bind(far)
    expect(a.assemble().bytes.length).toBe(5 + 5 + 129)
  })

  it('reach their label in every mix of gaps', () => {
    let seed = 2007
    const random = (n: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
      return (seed >>> 16) % n
    }
    const a = new Assembler(0x1000)
    const labels = Array.from({ length: 60 }, () => a.label())
    const wanted: Label[] = []
    for (const label of labels) {
      a.bind(label)
      wanted.push(labels[random(60)])
      a.jne(wanted.at(-1)!)
      a.db(new Uint8Array(random(30)).fill(0x90))
      if (random(5) === 0) a.align(16)
    }
    const { bytes, addressOf } = a.assemble()
    const targets = decode(bytes, 0x1000)
      .filter((i) => i.isJccShortOrNear)
      .map((i) => Number(i.nearBranchTarget))
    expect(targets).toEqual(wanted.map(addressOf))
  })

  it('go to a plain address too, around the end of memory if need be', () => {
    const a = new Assembler(0xfffffff0)
    a.jmp(2)
    expect(hex(a)).toBe('eb10')
    const b = new Assembler(0)
    b.call(0xffc00000)
    expect(hex(b)).toBe('e8fbffbfff')
  })

  it('of the kind that cannot grow say that it is too far', () => {
    const a = new Assembler(0)
    const top = a.here('top')
    a.space(200).loop(top)
    expect(() => a.assemble()).toThrow('loop top: the target is too far: -202')
  })
})

describe('labels as numbers', () => {
  it('are filled in wherever they were used', () => {
    const a = new Assembler(0x1000)
    const table = a.label('table')
    a.mov(eax, table).mov(ebx, mem(table, 4)).push(table.plus(8))
    a.bind(table).dd(table, 7)
    expect(hex(a)).toBe(
      'b810100000' + '8b1d14100000' + '6818100000' + '10100000' + '07000000')
  })

  it('can be subtracted', () => {
    const a = new Assembler(0)
    const start = a.here('start')
    const end = a.label('end')
    a.jmp(end).space(200).bind(end)
    a.mov(eax, end.minus(start)).dw(end.minus(start).plus(-1)).db(end.minus(a.here()))
    expect(hex(a).slice(-16)).toBe('b8cd000000' + 'cc00' + 'f9')
  })

  it('must fit', () => {
    const a = new Assembler(0xc0000000)
    const here = a.here('here')
    a.dw(here)
    expect(() => a.assemble())
      .toThrow('dw here: 3221225472 does not fit in 2 bytes')
    const b = new Assembler(0x100)
    const there = b.here('there')
    b.shl(eax, there.minus(0)).shl(eax, cl)
    expect(() => b.assemble()).toThrow('shl eax, there: 256 does not fit')
  })

  it('must be bound', () => {
    const a = new Assembler(0)
    a.jmp(a.label('nowhere'))
    expect(() => a.assemble()).toThrow(AssemblyError)
    expect(() => a.assemble()).toThrow('nothing is bound to nowhere')
  })

  it('of another program do, once that is assembled', () => {
    const kernel = new Assembler(0x5000)
    const entry = kernel.here('entry')
    const boot = new Assembler(0)
    boot.dd(entry)
    expect(() => boot.assemble())
      .toThrow('dd entry: entry is in a program not yet assembled')
    kernel.assemble()
    expect(hex(boot)).toBe('00500000')
  })
})

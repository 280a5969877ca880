// Every form is compared with a disassembler in the test of E:980; here are
// only the things this chapter points out.
import { expect, it } from 'vitest'
import {
  Assembler, eax, ebx, ds, formsOf, mem, mnemonics,
} from '../../generated/assembler/index.ts'
import { CONDITION } from '../../generated/assembler/tables/conditions.ts'
import { disassemble } from '../support/disassemble.ts'

const assemble = (write: (a: Assembler) => void): Uint8Array => {
  const a = new Assembler(0)
  write(a)
  return a.assemble().bytes
}

it('of two equally long forms the first is taken', () => {
  expect(assemble((a) => a.mov(eax, ebx))).toEqual(new Uint8Array([0x89, 0xd8]))
})

it('a load of eax from an address is A1, which L:170 counts', () => {
  const bytes = assemble((a) => a.mov(eax, mem(0xc0123456)))
  expect([...bytes]).toEqual([0xa1, 0x56, 0x34, 0x12, 0xc0])
})

it('loads of segment registers carry no size prefix', () => {
  expect([...assemble((a) => a.mov(ds, eax))]).toEqual([0x8e, 0xd8])
})

it('the eight of arithmetic have the same forms', () => {
  const family = ['add', 'or', 'adc', 'sbb', 'and', 'sub', 'xor', 'cmp'] as const
  for (const mnemonic of family) {
    expect(formsOf(mnemonic).map(({ kinds }) => kinds))
      .toEqual(formsOf('add').map(({ kinds }) => kinds))
  }
})

it('the lowest bit of a condition negates it', () => {
  const pairs = [['e', 'ne'], ['b', 'ae'], ['l', 'ge'], ['s', 'ns']] as const
  for (const [yes, no] of pairs) expect(CONDITION[yes] ^ 1).toBe(CONDITION[no])
  for (const name of Object.keys(CONDITION)) {
    for (const stem of ['j', 'set', 'cmov']) {
      expect(mnemonics).toContain(stem + name)
    }
  }
})

it('cmpxchg and xadd are sixteen apart', () => {
  const bytes = assemble((a) => a.cmpxchg(mem(ebx), eax).xadd(mem(ebx), eax))
  expect(disassemble(bytes)).toEqual(['cmpxchg [ebx],eax', 'xadd [ebx],eax'])
  expect([bytes[1], bytes[4]]).toEqual([0xb1, 0xc1])
})

// What the Switcher is made of, read back by a disassembler.
import { describe, expect, it } from 'vitest'
import { buildSwitcher } from '../../generated/switcher/code.ts'
import { disassemble } from '../support/disassemble.ts'

const ADDRESS = 0xffc00000
const { text, entry, entryIret, stubs } = buildSwitcher(ADDRESS)
const from = (address: number, count: number): string[] =>
  disassemble(text.subarray(address - ADDRESS), address).slice(0, count)
const target = (jump: string): number =>
  parseInt(/(\w+)h$/.exec(jump)![1], 16)

describe('the text', () => {
  it('is one page at most', () => {
    expect(text.length).toBeLessThanOrEqual(4096)
  })

  it('runs wherever it is copied', () => {
    expect(buildSwitcher(0x12345000).text).toEqual(text)
  })
})

describe('the way in', () => {
  it('is the documented one', () => {
    expect(from(entry, 27)).toEqual([
      'push es', 'push ds', 'push gs', 'push fs', 'push ebp',
      'mov [eax+1014h],esp', 'lea esp,[eax+0FB8h]',
      'lgdt [eax+1020h]', 'lidt [eax+1018h]', 'mov edx,80h', 'ltr dx',
      'mov edx,[eax+100Eh]', 'and byte [edx+85h],0FDh', 'mov cr3,ebx',
      'pop ebx', 'pop ecx', 'pop edx', 'pop esi', 'pop edi', 'pop ebp',
      'pop gs', 'pop eax', 'pop fs', 'pop ds', 'pop es',
      'add esp,8', 'iret',
    ])
    expect(from(entryIret, 1)).toEqual(['iret'])
  })
})

describe('the stubs', () => {
  const withCode = [8, 10, 11, 12, 13, 14, 17]
  const toHost = target(from(stubs[13], 2)[1])
  const deliver = target(from(stubs[32], 3)[2])
  const swallow = target(from(stubs[2], 3)[2])

  it('are 256, each saying its number', () => {
    expect(new Set(stubs).size).toBe(256)
    stubs.forEach((stub, vector) => {
      const code = from(stub, 3)
      if (!withCode.includes(vector)) expect(code.shift()).toBe('push 0')
      const text = /^push (\w+?)(h?)$/.exec(code[0])!
      expect(parseInt(text[1], text[2] ? 16 : 10), code[0]).toBe(vector)
    })
  })

  it('go to three places', () => {
    expect(new Set([toHost, deliver, swallow]).size).toBe(3)
    stubs.forEach((stub, vector) => {
      const jump = from(stub, 3)[withCode.includes(vector) ? 1 : 2]
      const ofGuest = vector < 32 || vector === 128
      const wanted = vector === 2 ? swallow : ofGuest ? toHost : deliver
      expect(target(jump), `vector ${vector}`).toBe(wanted)
    })
  })

  it('both ways home pack and unpack the same', () => {
    const back = from(toHost, 17)
    expect(back).toEqual([
      'push es', 'push ds', 'push fs', 'push eax', 'push gs', 'push ebp',
      'push edi', 'push esi', 'push edx', 'push ecx', 'push ebx',
      'mov edx,58h', 'mov ds,edx', 'mov eax,esp', 'and eax,0FFFFF000h',
      'mov ebx,[eax+0FE4h]', 'cmp ebx,50h',
    ])
    expect(from(deliver, 16)).toEqual(back.slice(0, 16))
    expect(from(swallow, 2)).toEqual(['add esp,8', 'iret'])
  })

  it('handing on goes by the gate of the Host', () => {
    expect(from(deliver, 33).slice(-4)).toEqual([
      'mov edx,[eax+1006h]', 'mov ecx,[edx+ebx*8+4]', 'mov cx,[edx+ebx*8]',
      'jmp ecx',
    ])
  })
})

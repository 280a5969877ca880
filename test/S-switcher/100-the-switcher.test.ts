// What the Switcher is made of, read back by a disassembler; then round trips
// on the emulated processor, with a Host no bigger than that needs.
import { describe, expect, it } from 'vitest'
import type { Assembler } from '../../generated/assembler/index.ts'
import {
  al, ds, dx, eax, ebp, ebx, ecx, edi, edx, esi, fs, gs, mem,
} from '../../generated/assembler/index.ts'
import { buildSwitcher } from '../../generated/switcher/code.ts'
import { disassemble } from '../support/disassemble.ts'
import {
  KERNEL, KERNEL_CS, KERNEL_DS, KERNEL_STACK_TOP, PAGES, SWITCHER, TinyHost,
  USER, USER_CS, USER_DS,
} from '../support/tiny-host.ts'

const ADDRESS = 0xffc00000
const HAS_CODE = [8, 10, 11, 12, 13, 14, 17]
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
  const toHost = target(from(stubs[13], 2)[1])
  const deliver = target(from(stubs[32], 3)[2])
  const swallow = target(from(stubs[2], 3)[2])

  it('are 256, each saying its number', () => {
    expect(new Set(stubs).size).toBe(256)
    stubs.forEach((stub, vector) => {
      const code = from(stub, 3)
      if (!HAS_CODE.includes(vector)) expect(code.shift()).toBe('push 0')
      const text = /^push (\w+?)(h?)$/.exec(code[0])!
      expect(parseInt(text[1], text[2] ? 16 : 10), code[0]).toBe(vector)
    })
  })

  it('go to three places', () => {
    expect(new Set([toHost, deliver, swallow]).size).toBe(3)
    stubs.forEach((stub, vector) => {
      const jump = from(stub, 3)[HAS_CODE.includes(vector) ? 1 : 2]
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

const GENERAL = {
  eax: 0x11111111, ebx: 0x22222222, ecx: 0x33333333, edx: 0x44444444,
  esi: 0x55555555, edi: 0x66666666, ebp: 0x77777777,
}

describe('on the processor', () => {
  it('a Guest gets the registers it was given, and they come back', () => {
    const host = new TinyHost()
    host.program(KERNEL, (a) => {
      a.inc(eax).dec(ebx).not(ecx).neg(edx).inc(esi).inc(edi).inc(ebp)
      a.mov(edx, USER_DS).mov(gs, edx).mov(edx, KERNEL_DS).mov(fs, edx)
      a.xor(edx, edx).mov(ds, edx).push(7).stc().int(0x1f)
    })
    host.birth({ ...GENERAL, es: USER_DS })
    const before = host.hostState()
    expect(host.enter()).toBe(0x1f)
    expect(host.hostState()).toEqual(before)
    const names = ['eax', 'ebx', 'ecx', 'esi', 'edi', 'ebp', 'edx'] as const
    expect(names.map((name) => host.get(name))).toEqual([
      0x11111112, 0x22222221, 0xcccccccc, 0x55555556, 0x66666667, 0x77777778, 0,
    ])
    expect([host.get('ds'), host.get('es'), host.get('fs'), host.get('gs')])
      .toEqual([0, USER_DS, KERNEL_DS, USER_DS])
    expect([host.get('cs'), host.get('ss'), host.get('esp')])
      .toEqual([KERNEL_CS, KERNEL_DS, KERNEL_STACK_TOP - 4])
    expect(host.get('eflags') & 0x201).toBe(0x201)
    expect(host.get('errcode')).toBe(0)
  })

  it('goes on where it left, as often as it is entered', () => {
    const host = new TinyHost()
    host.program(KERNEL, (a) => {
      const top = a.here()
      a.inc(eax).int(0x1f).jmp(top)
    })
    host.birth()
    for (let round = 1; round <= 5; round++) {
      expect(host.enter()).toBe(0x1f)
      expect(host.get('eax')).toBe(round)
    }
  })

  it('runs ring 3, and takes its system call', () => {
    const host = new TinyHost()
    host.program(USER, (a) => a.mov(eax, 42).int(0x80))
    host.birth({
      cs: USER_CS, ss: USER_DS, ds: USER_DS, es: USER_DS, eip: USER,
      esp: USER + 0x1000,
    })
    expect(host.enter()).toBe(0x80)
    expect([host.get('eax'), host.get('cs'), host.get('eip')])
      .toEqual([42, USER_CS, USER + 7])
  })

  it('tells the error code of a fault, and its address in CR2', () => {
    const host = new TinyHost()
    host.program(KERNEL, (a) => a.mov(mem(0x300000), eax))
    host.birth()
    expect(host.enter()).toBe(14)
    expect([host.get('errcode'), host.get('eip'), host.cpu.cr2])
      .toEqual([2, KERNEL, 0x300000])
    host.program(USER, (a) => a.mov(eax, mem(KERNEL)))
    host.birth({ cs: USER_CS, ss: USER_DS, ds: USER_DS, eip: USER })
    expect(host.enter()).toBe(14)
    expect([host.get('errcode'), host.cpu.cr2]).toEqual([5, KERNEL])
  })

  it('brings every vector home with its number', () => {
    const host = new TinyHost()
    for (let vector = 0; vector < 256; vector++) {
      if (vector === 2 || HAS_CODE.includes(vector)) continue
      host.program(KERNEL, (a) => a.int(vector))
      host.birth()
      const before = host.hostState()
      expect(host.enter()).toBe(vector)
      expect(host.hostState()).toEqual(before)
      expect([host.get('errcode'), host.get('eip')]).toEqual([0, KERNEL + 2])
      const delivered = vector >= 32 && vector !== 128
      expect(host.handled(vector), `vector ${vector}`).toBe(delivered ? 1 : 0)
    }
  })

  it('swallows a non-maskable interrupt', () => {
    const host = new TinyHost()
    host.program(KERNEL, (a) => a.int(2).mov(eax, 5).int(0x1f))
    host.birth()
    expect([host.enter(), host.get('eax')]).toEqual([0x1f, 5])
  })

  it('lets the Host handle a device first, then goes back to its loop', () => {
    const host = new TinyHost()
    host.program(KERNEL, (a) => {
      const top = a.here()
      a.inc(eax).jmp(top)
    })
    host.birth()
    const before = host.hostState()
    host.cpu.raise(0x21)
    expect(host.enter()).toBe(0x21)
    expect(host.handled(0x21)).toBe(1)
    host.cpu.setTimer(1000, 0xef)
    expect(host.enter()).toBe(0xef)
    expect(host.get('eax')).toBeGreaterThan(300)
    expect(host.handled(0xef)).toBe(1)
    expect(host.hostState()).toEqual(before)
  })

  it('is never interrupted inside, not even by a device', () => {
    const host = new TinyHost()
    host.program(KERNEL, (a) => a.int(0x1f))
    for (let delay = 1; delay < 80; delay++) {
      host.birth()
      const before = host.handled(0x40)
      host.cpu.setTimer(delay, 0x40)
      const trap = host.enter()
      expect([0x1f, 0x40]).toContain(trap)
      expect(host.handled(0x40) - before).toBe(trap === 0x40 ? 1 : 0)
      expect([KERNEL, KERNEL + 2]).toContain(host.get('eip'))
      host.cpu.setTimer(0, 0)
      host.cpu.lower(0x40)
    }
  })
})

describe('its pages', () => {
  const tryTo = (write: (a: Assembler) => void): number => {
    const host = new TinyHost()
    host.program(KERNEL, (a) => { write(a); a.int(0x1f) })
    host.birth()
    return host.enter()
  }

  it('can be read by ring 1, but only the registers written', () => {
    expect(tryTo((a) => a.mov(eax, mem(PAGES + 0x1000)))).toBe(0x1f)
    expect(tryTo((a) => a.mov(mem(PAGES), eax))).toBe(0x1f)
    expect(tryTo((a) => a.mov(mem(PAGES + 0x1000), eax))).toBe(14)
    expect(tryTo((a) => a.mov(mem(PAGES + 0x1090), eax))).toBe(14)
    expect(tryTo((a) => a.mov(mem(SWITCHER), eax))).toBe(14)
  })

  it('are nothing to ring 3', () => {
    for (const address of [SWITCHER, PAGES, PAGES + 0x1000]) {
      const host = new TinyHost()
      host.program(USER, (a) => a.mov(eax, mem(address)))
      host.birth({ cs: USER_CS, ss: USER_DS, ds: USER_DS, eip: USER })
      expect(host.enter()).toBe(14)
      expect(host.get('errcode')).toBe(5)
    }
  })

  it('forbid every port', () => {
    for (const port of [0x64, 0x3f8, 0xffff]) {
      expect(tryTo((a) => a.mov(edx, port).in_(al, dx))).toBe(13)
    }
  })
})

describe('when the Switcher itself stumbles', () => {
  /** Enters with something bad, then with a good Guest. */
  function stumble(prepare: (host: TinyHost) => void): void {
    const host = new TinyHost()
    host.program(KERNEL, (a) => a.int(0x1f))
    const before = host.hostState()
    host.birth()
    prepare(host)
    const eip = host.get('eip')
    expect(host.enter()).toBe(256)
    expect(host.get('eip')).toBe(eip)
    expect(host.hostState()).toEqual(before)
    host.birth()
    host.setDescriptor(12, [0xffff, 0x00cfbb00])
    host.setDescriptor(13, [0xffff, 0x00cfb300])
    expect(host.enter()).toBe(0x1f)
    expect(host.hostState()).toEqual(before)
  }

  const missing = 0x49
  const bad = {
    'an absent descriptor': missing, 'one past the table': 0x169,
    'one of the empty local table': 0x0f,
  }

  describe.each(['gs', 'fs', 'ds', 'es'] as const)('over %s', (segment) => {
    it.each(Object.entries(bad))('with %s', (_, selector) => {
      stumble((host) => host.set({ [segment]: selector }))
    })
  })

  it.each([
    ['an absent cs', { cs: missing }],
    ['a null cs', { cs: 0 }],
    ['data as cs', { cs: KERNEL_DS }],
    ['a cs of another ring', { cs: 0x60 | 3 }],
    ['a cs past the table', { cs: 0x1f9 }],
    ['an absent ss', { ss: missing }],
    ['a null ss', { ss: 0 }],
    ['code as ss', { ss: KERNEL_CS }],
    ['an ss of another ring', { ss: 0x6b }],
  ])('over the iret with %s', (_, registers) => {
    stumble((host) => host.set(registers))
  })

  it('but not over ring 0 data: the iret itself clears that', () => {
    const host = new TinyHost()
    host.program(KERNEL, (a) => a.int(0x1f))
    host.birth({ ds: 0x58, es: 0x58, fs: 0x58, gs: 0x58 })
    expect(host.enter()).toBe(0x1f)
    const names = ['ds', 'es', 'fs', 'gs'] as const
    expect(names.map((name) => host.get(name))).toEqual([0, 0, 0, 0])
  })

  it('over descriptors that have gone', () => {
    stumble((host) => host.setDescriptor(12, [0, 0]))
    stumble((host) => host.setDescriptor(13, [0, 0]))
    stumble((host) => host.setDescriptor(12, [0xffff, 0x00cf3b00]))
    stumble((host) => host.setDescriptor(12, [1, 0x00c0bb00 & ~0x800000]))
  })

  it('over an accessed bit that is not set', () => {
    stumble((host) => {
      host.setDescriptor(9, [0xffff, 0x00cfb200])
      host.set({ ds: missing })
    })
    stumble((host) => host.setDescriptor(12, [0xffff, 0x00cfba00]))
  })

  it('but not over an address: that is the Guest\'s own fault', () => {
    const host = new TinyHost()
    host.birth({ eip: 0x300000 })
    expect(host.enter()).toBe(14)
    expect(host.cpu.cr2).toBe(0x300000)
  })

  it('would go on for ever, were 0x50 not known', () => {
    const host = new TinyHost()
    host.cpu.raise(0x50)
    host.program(KERNEL, (a) => a.jmp(KERNEL))
    host.birth()
    expect(host.enter()).toBe(0x50)
    expect(host.handled(0x50)).toBe(1)
  })
})

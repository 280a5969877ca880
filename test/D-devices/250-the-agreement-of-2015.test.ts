/** Eras C0 to C2: their numbers, and what a Launcher of theirs may do. */
import { describe, expect, test } from 'vitest'
import { callNumber, LHREQ_GETREG, LHREQ_IRQ, LHREQ_SETREG, LHREQ_TRAP } from '../../generated/abi/common.ts'
import { eraB3 } from '../../generated/abi/era-b3.ts'
import { eraC0, eraC1, eraC2, ptRegs } from '../../generated/abi/era-c.ts'
import { eraByTag } from '../../generated/abi/eras.ts'
import { EFAULT, EINVAL, ENOENT } from '../../generated/abi/errno.ts'
import { al, dx, eax, ebx, edx, mem } from '../../generated/assembler/index.ts'
import { LauncherMemory, Task } from '../../generated/host/mm.ts'
import { realHost } from '../H-host/tiny-guest.ts'
import { CODE, DATA, LateGuest, STACK, WINDOWS } from './late-guest.ts'

const WINDOW = WINDOWS * 4096

describe('D:250 the numbers', () => {
  test('eras are known by their tags; calls went one by one', () => {
    for (const era of [eraC0, eraC1, eraC2]) {
      expect(eraByTag(era.tag)).toBe(era)
      expect(callNumber(era, 'NOTIFY')).toBe(-1)
      expect(callNumber(era, 'SEND_INTERRUPTS')).toBe(19)
    }
    expect([callNumber(eraC1, 'TS'), callNumber(eraC2, 'TS')]).toEqual([8, -1])
  })

  test('the data page has no holes', () => {
    expect(eraC0.data).toEqual(eraB3.data)
    const { data } = eraC1
    expect([data.noirqIret, data.kernelAddress, data.syscallVector, data.size]).toEqual([0x560, 0x564, 0x568, 0x56c])
  })

  test('a data page may end where memory ends, from C1 on', () => {
    for (const [era, ends] of [[eraC0, 'bad guest page'], [eraC1, 'halted']] as const) {
      const end = 512 * 4096 - era.data.size
      const guest = new LateGuest((k) => {
        k.hcall('HALT')
      }, era)
      const bytes = guest.mm.readBytes(DATA, era.data.size)
      guest.mm.writeBytes(end, bytes)
      // The first hypercall's argument, in `mov ebx, DATA` behind `mov esp`.
      guest.mm.write32(CODE + 6, end)
      expect(guest.pending()).toContain(ends)
    }
  })
})

describe('D:252 a trap in twelve bytes (B-I-041, B-H-065)', () => {
  test('a port instruction is handed out whole, and nothing has happened', () => {
    const guest = new LateGuest((k) => { k.mov(edx, 0xcf8); k.out(dx, eax); k.hcall('HALT') })
    const seen = guest.pending()
    expect(seen).toMatchObject({ trap: 13, address: 0 })
    expect((seen as { insn: number[] }).insn.slice(0, 2)).toEqual([0xef, 0xbb])
    expect(guest.get('edx')).toBe(0xcf8)
    guest.skip(1)
    expect(guest.pending()).toBe('halted')
  })

  test('bytes beyond an absent page are zero', () => {
    const guest = new LateGuest((k) => {
      k.hcall('NEW_PGTABLE', LateGuest.tables)
      k.jmp(mem(0x20000))
    })
    guest.mm.write32(guest.entryOf(0x21), 0)
    guest.mm.write32(0x20000, 0x20fff)
    guest.mm.writeBytes(0x20fff, Uint8Array.of(0xec))
    expect(guest.pending()).toEqual({ trap: 13, insn: [0xec, 0, 0, 0, 0, 0, 0], address: 0 })
  })

  test('a buffer too small is EFAULT, and the next read meets the trap again', () => {
    const guest = new LateGuest((k) => { k.in_(al, dx) })
    expect(guest.read(new Uint8Array(11))).toEqual({ kind: 'error', errno: EFAULT })
    expect(guest.read(null)).toEqual({ kind: 'error', errno: EFAULT })
    expect(guest.pending()).toMatchObject({ trap: 13 })
  })
})

describe('D:254 pages with nothing behind them', () => {
  const touching = (write: (k: import('./late-guest.ts').Kernel) => void) => new LateGuest((k) => {
    k.hcall('NEW_PGTABLE', LateGuest.tables)
    write(k)
    k.hcall('HALT')
  })

  test('a touch is told with its physical address', () => {
    const guest = touching((k) => { k.mov(mem(WINDOW + 0x38).dword, 5); k.mov(ebx, mem(WINDOW + 0x1014)) })
    expect(guest.pending()).toMatchObject({ trap: 14, address: WINDOW + 0x38 })
    guest.skip(10)
    expect(guest.pending()).toMatchObject({ trap: 14, address: WINDOW + 0x1014 })
  })

  test('SET_PTE installs none', () => {
    const guest = touching((k) => {
      k.hcall('SET_PTE', LateGuest.tables, 0x30000, WINDOW | 0x67)
      k.mov(eax, mem(0x30000))
    })
    guest.mm.write32(guest.entryOf(0x30), WINDOW | 0x67)
    expect(guest.pending()).toMatchObject({ trap: 14, address: WINDOW })
  })

  test('a page beyond the limit kills, and so does a large one', () => {
    const beyond = touching((k) => { k.mov(eax, mem(0x30000)) })
    beyond.mm.write32(beyond.entryOf(0x30), 1026 << 12 | 7)
    expect(beyond.pending()).toBe('bad page table entry')
    const large = touching((k) => { k.mov(eax, mem(0x30000)) })
    large.mm.write32(large.entryOf(0x30), WINDOW | 0x87)
    expect(large.pending()).toBe('bad page table entry')
  })

  test('what the Guest itself forbids is its own fault, with the address in cr2', () => {
    const guest = touching((k) => {
      k.gate(14, 0x11000)
      k.mov(mem(WINDOW).dword, 1)
    })
    guest.mm.write32(guest.entryOf(WINDOWS), WINDOW | 1)
    guest.mm.writeBytes(0x11000, Uint8Array.of(0xec))
    expect(guest.pending()).toMatchObject({ trap: 13 })
    expect(guest.get('eip')).toBe(0x11000)
    expect(guest.mm.read32(DATA + 8)).toBe(WINDOW)
  })
})

describe('D:256 registers from outside (B-I-040, B-H-063)', () => {
  const standing = () => {
    const guest = new LateGuest((k) => { k.mov(ebx, 0xb0b); k.mov(eax, 0xaaa); k.in_(al, dx); k.hcall('HALT') })
    expect(guest.pending()).toMatchObject({ trap: 13 })
    return guest
  }

  test('GETREG is answered once, by the next read, without running the Guest', () => {
    const guest = standing()
    expect(guest.request(LHREQ_GETREG, ptRegs.ebx!)).toBe(8)
    const answer = new Uint8Array(12)
    expect(guest.read(answer)).toEqual({ kind: 'bytes', count: 4 })
    expect([...answer]).toEqual([0x0b, 0x0b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    expect(guest.pending()).toMatchObject({ trap: 13 })
    expect([guest.get('cs'), guest.get('ss'), guest.get('eax'), guest.get('esp')])
      .toEqual([0x61, 0x69, 0xaaa, STACK])
  })

  test('an answer that cannot be stored is EFAULT, and forgotten', () => {
    const guest = standing()
    guest.request(LHREQ_GETREG, 0)
    expect(guest.read(new Uint8Array(3))).toEqual({ kind: 'error', errno: EFAULT })
    expect(guest.pending()).toMatchObject({ trap: 13 })
  })

  test('SETREG changes what may be changed', () => {
    const guest = standing()
    expect(guest.set('eax', 0x1234)).toBe(12)
    expect(guest.get('eax')).toBe(0x1234)
    for (const name of ['cs', 'ss', 'ds', 'es', 'fs', 'gs', 'eflags'] as const) expect(guest.set(name, 0)).toBe(-ENOENT)
    expect(guest.request(LHREQ_GETREG, 44)).toBe(-ENOENT)
    expect(guest.request(LHREQ_SETREG, 1, 0)).toBe(-ENOENT)
    expect(guest.request(LHREQ_SETREG, 0)).toBe(-EFAULT)
    expect(guest.request(LHREQ_GETREG)).toBe(-EFAULT)
    expect(guest.request(LHREQ_TRAP)).toBe(-EFAULT)
  })

  test('TRAP sends a trap to the handler of the Guest; without one it is EINVAL', () => {
    const guest = new LateGuest((k) => { k.gate(13, 0x11000); k.in_(al, dx) })
    guest.mm.writeBytes(0x11000, Uint8Array.of(0xee))
    expect(guest.pending()).toMatchObject({ trap: 13 })
    expect(guest.request(LHREQ_TRAP, 14)).toBe(-EINVAL)
    expect(guest.request(LHREQ_TRAP, 300)).toBe(-EINVAL)
    expect(guest.request(LHREQ_TRAP, 13)).toBe(0)
    expect(guest.get('eip')).toBe(0x11000)
    expect(guest.mm.read32(guest.get('esp'))).toBe(0)
    expect(guest.pending()).toMatchObject({ trap: 13, insn: [0xee, 0, 0, 0, 0, 0, 0] })
  })

  test('eras before have none of it', () => {
    const { host } = realHost()
    const mm = new LauncherMemory(host.physical, host.frames)
    mm.mapZeroed(0, 16)
    const file = host.open(mm)
    const task = new Task('test')
    file.write(Uint32Array.of(3 << 8, 0, 16, 0x1000), task)
    for (const request of [LHREQ_GETREG, LHREQ_SETREG, LHREQ_TRAP]) {
      expect(file.write(Uint32Array.of(request, 0, 0), task)).toBe(-EINVAL)
    }
  })
})

describe('D:258 the instruction at which nothing is pushed', () => {
  /** A Guest that stands at `jmp $`, where an interrupt finds it. */
  const waiting = (atIret: boolean) => {
    const here = CODE + 0x100
    const guest = new LateGuest((k) => {
      k.gate(0x21, 0x11000)
      k.mov(mem(DATA).dword, 0x200)
      k.mov(mem(DATA + 4).dword, 0)
      k.push(0x202)
      k.push(0x61)
      k.push(0x12345)
      k.mov(eax, here)
      k.jmp(eax)
    }, eraC1, atIret ? { iret: here } : {})
    guest.mm.writeBytes(here, Uint8Array.of(0xeb, 0xfe))
    guest.mm.writeBytes(0x11000, Uint8Array.of(0xec))
    expect(guest.read()).toEqual({ kind: 'busy' })
    guest.request(LHREQ_IRQ, 1)
    expect(guest.pending()).toMatchObject({ trap: 13 })
    expect(guest.get('eip')).toBe(0x11000)
    return guest
  }

  test('there, the waiting frame is the handler\'s', () => {
    const guest = waiting(true)
    expect(guest.get('esp')).toBe(STACK - 12)
    expect(guest.mm.read32(STACK - 12)).toBe(0x12345)
    expect(guest.mm.read32(DATA)).toBe(0)
    expect(guest.get('eflags') & 0x200).toBe(0x200)
  })

  test('anywhere else one is pushed', () => {
    const guest = waiting(false)
    expect(guest.get('esp')).toBe(STACK - 24)
    expect(guest.mm.read32(STACK - 24)).toBe(CODE + 0x100)
  })
})

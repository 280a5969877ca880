/** Era B2: three bytes that ask, and tables that the Host has made. */
import { describe, expect, test } from 'vitest'
import { callNumber } from '../../generated/abi/common.ts'
import { eraB2, eraB2Pae } from '../../generated/abi/era-b2.ts'
import { eraB3 } from '../../generated/abi/era-b3.ts'
import { eraByTag } from '../../generated/abi/eras.ts'
import { al, dx, eax, ebx, mem } from '../../generated/assembler/index.ts'
import type { LauncherMemory } from '../../generated/host/mm.ts'
import { BytesFile } from '../../generated/launcher/bytes-file.ts'
import { FENCED, virtioBlock } from '../../generated/launcher/virtio/block.ts'
import { CODE, DATA, LateGuest, PAGES } from './late-guest.ts'
import type { Kernel } from './late-guest.ts'
import { busFixture, Driver } from './virtio-driver.ts'

const MB = 0x100000

const RAM = PAGES * 4096 - 4096
/** The boot page as far as the Host reads it. */
const bootPage = (ram: number, initrd = 0) => (mm: LauncherMemory) => {
  mm.write32(0x2d8, ram)
  mm.write32(0x21c, initrd)
}
const born = (write: (k: Kernel) => void, initrd = 0, era = eraB2) => new LateGuest(write, era, { before: bootPage(RAM, initrd) })

describe('D:247 the numbers', () => {
  test('are those of B3, but for a data page that is a word longer', () => {
    expect(eraB2.calls).toEqual(eraB3.calls)
    expect([eraByTag(2), eraByTag(8)]).toEqual([eraB2, eraB2Pae])
    const { data } = eraB2
    expect([data.pgdir, data.noirqStart, data.kernelAddress, data.syscallVector, data.size])
      .toEqual([0x560, 0x564, 0x56c, 0x570, 0x574])
  })
})

describe('D:245 three bytes', () => {
  test('ask, and are left as they are', () => {
    const guest = born((k) => { k.mov(mem(0x30000).dword, 7); k.hcall('HALT') })
    const before = guest.mm.readBytes(CODE, 64)
    expect(guest.pending()).toBe('halted')
    expect(guest.mm.read32(0x30000)).toBe(7)
    expect(guest.mm.readBytes(CODE, 64)).toEqual(before)
  })

  test('of an unknown number kill like any call', () => {
    expect(born((k) => { k.mov(eax, 99); k.ask() }).pending()).toBe('Bad hypercall 99\n')
  })

  test('other invalid opcodes go to the handler, and so does INT 0x1F\'s elder sister in other eras', () => {
    for (const bytes of [[0x0f, 0x0b], [0x0f, 0x01, 0xc2], [0x0f, 0x01, 0xd9]]) {
      const guest = born((k) => { k.gate(6, 0x11000); k.db(...bytes) })
      guest.mm.writeBytes(0x11000, Uint8Array.of(0xb8, 10, 0, 0, 0, 0x0f, 0x01, 0xc1))
      expect(guest.pending()).toBe('halted')
      expect(guest.file.lg!.cpu.reg('eip')).toBe(0x11008)
    }
  })

  test('without a handler the Guest dies of an invalid opcode', () => {
    expect(born((k) => { k.db(0x0f, 0x0b) }).pending()).toMatch(/^unhandled trap 6 at 0x100/)
  })

  test('a port read steps over the instruction, with the ones of 2007', () => {
    const guest = born((k) => {
      k.mov(eax, 0)
      k.in_(al, dx)
      k.mov(mem(0x30000), eax)
      k.hcall('HALT')
    })
    expect(guest.pending()).toBe('halted')
    expect(guest.mm.read32(0x30000)).toBe(0xffff)
  })
})

describe('D:246 born on the Host\'s tables', () => {
  test('the directory is told, lies below the RAM disk, and maps RAM twice', () => {
    const guest = born((k) => {
      k.mov(eax, mem(0xc0000000 + CODE))
      k.mov(mem(0x30000), eax)
      k.hcall('HALT')
    }, 0x3000)
    expect(guest.pending()).toBe('halted')
    const top = guest.mm.read32(DATA + 0x560)
    expect(top).toBe(RAM - 0x3000 - 0x1000)
    expect(guest.mm.read32(0x30000)).toBe(guest.mm.read32(CODE))
    const table = guest.mm.read32(top)
    expect([guest.mm.read32(top + 0xc00), table & 0xfff]).toEqual([table, 7 | 0x20 & table])
    expect(guest.mm.read32((table & ~0xfff) + 5 * 4) & ~0x60).toBe(0x5007)
  })

  test('a kernel with PAE finds its own format', () => {
    const guest = born((k) => {
      k.mov(ebx, mem(0xc0000000 + CODE))
      k.mov(mem(0x30000), ebx)
      k.hcall('HALT')
    }, 0, eraB2Pae)
    expect(guest.pending()).toBe('halted')
    expect(guest.mm.read32(0x30000)).toBe(guest.mm.read32(CODE))
    const top = guest.mm.read32(DATA + 0x560)
    const words = [0, 4, 8, 12, 16, 20, 24, 28].map((at) => guest.mm.read32(top + at))
    expect(words).toEqual([top - 0x1000 | 1, 0, 0, 0, 0, 0, top - 0x1000 | 1, 0])
  })

  test('a kernel whose PAE was not said is told what to say', () => {
    expect(born((k) => { k.hcall('SET_PMD', 0x1000, 0) }).pending())
      .toBe('Bad hypercall 13: its kernel has PAE, try --era=B2-PAE')
  })

  test('nonsense in the boot page refuses the Guest, and leaves nothing behind', () => {
    for (const [ram, initrd] of [[0, 0], [0x40000000, 0], [RAM, 0xfffff000], [RAM, RAM], [0xffffffff, 3]]) {
      expect(() => new LateGuest((k) => { k.hcall('HALT') }, eraB2, { before: bootPage(ram, initrd) }))
        .toThrow('no Guest: -22')
    }
  })

  test('the upper word of an entry without PAE is whatever it is', () => {
    const guest = born((k) => {
      k.hcall('NEW_PGTABLE', LateGuest.tables)
      k.mov(eax, mem(0x30000))
      k.hcall('SET_PTE', LateGuest.tables, 0x30000, 0x31067, 0xdeadbeef)
      k.mov(eax, mem(0x30000))
      k.mov(mem(0x32000), eax)
      k.hcall('HALT')
    })
    guest.mm.write32(0x31000, 42)
    guest.mm.write32(guest.entryOf(0x30), 0x31067)
    expect(guest.pending()).toBe('halted')
    expect(guest.mm.read32(0x32000)).toBe(42)
    expect(callNumber(eraB2, 'SET_PTE')).toBe(14)
  })
})

describe('D:248 a disk with fences', () => {
  test('offers barriers and no flush; a write with one is on the disk before and after', () => {
    const { bus, memory, notify } = busFixture()
    const done: string[] = []
    const file = new BytesFile(new Uint8Array(1024))
    const write = file.writeAt.bind(file)
    file.writeAt = (offset, bytes) => { done.push('write'); return write(offset, bytes) }
    file.sync = (told) => { done.push('sync'); told() }
    bus.add(virtioBlock('d', file, FENCED))
    expect(memory.read(MB + 13, 1)[0]).toBe(0b101)
    const driver = new Driver(memory, MB + 0x1000, 256)
    for (const type of [0x80000001, 1]) {
      memory.write32(0x3000, type)
      driver.add([[0x3000, 16], [0x10000, 512]], [[0x7000, 1]])
      notify(MB + 0x1000)
      expect(driver.collect()).toHaveLength(1)
      done.push('done')
    }
    expect(done).toEqual(['sync', 'write', 'sync', 'done', 'write', 'done'])
  })
})

/** Numbers in the chapters' pictures, held against the numbers of the code. */
import { describe, expect, it } from 'vitest'
import {
  lguestRegs, LGUEST_REGS_OFFSET, PTE_ACCESSED, PTE_DIRTY, PTE_GLOBAL, PTE_PCD, PTE_PRESENT, PTE_PSE,
  PTE_PWT, PTE_RW, PTE_USER, SWITCHER_ADDR,
} from '../../generated/abi/common.ts'
import { blockPage, lguestDma } from '../../generated/abi/era-a.ts'
import {
  CALL_GATE32, INTERRUPT_GATE16, INTERRUPT_GATE32, TASK_GATE, TRAP_GATE16, TRAP_GATE32,
} from '../../generated/emulator/protection/descriptors.ts'
import * as x87 from '../../generated/emulator/fpu/constants.ts'
import { DENORMALS_ARE_ZERO, FLUSH_TO_ZERO } from '../../generated/emulator/sse/state.ts'
import { AC_FLAG, AF, CF, DF_FLAG, ID, IF, IOPL, NT, OF_FLAG, PF_FLAG, RF, SF, TF, VM, ZF } from '../../generated/emulator/state/state.ts'
import { ADDEND, FETCH_TAG, READ_TAG, WRITE_TAG } from '../../generated/emulator/memory/tlb.ts'
import { FETCH, PRESENT, RESERVED, USER, WRITE } from '../../generated/emulator/memory/walk.ts'
import { busRing, busRingSize } from '../../generated/launcher/virtio/queue.ts'
import { GuestMemory } from '../../generated/launcher/memory.ts'
import { writeBootPage } from '../../generated/launcher/boot-data.ts'
import { frame, FRAME_SIZE } from '../../generated/puppy/kernel/frame.ts'
import {
  DEVICE_BASE, KERNEL_BASE, LOAD_ADDRESS, USER_HEAP, USER_HEAP_END, USER_STACK_LOW, USER_STACK_TOP, USER_TEXT,
} from '../../generated/puppy/numbers.ts'
import { lguestPages, lguestState } from '../../generated/switcher/layout.ts'
import { addressesOf, fieldsOf, masksOf, regionsOf } from '../support/pictures.ts'

describe('pictures of the Switcher and its pages', () => {
  it('P:900: the pages as both worlds see them', () => {
    const regs = SWITCHER_ADDR + 0x1000 + lguestPages.regs
    const page = SWITCHER_ADDR + 0x1000 + lguestPages.state
    expect(addressesOf('P-preparation/900', "The Switcher's pages, as both worlds see them")).toEqual({
      "the Switcher's code": SWITCHER_ADDR, '(spare)': SWITCHER_ADDR + 0x1000,
      'ebx to errcode': regs, 'eip cs eflags esp ss': regs + lguestRegs.eip,
      'host_cr3 and the rest': page, guest_tss: page + lguestState.guestTss,
      guest_idt: page + lguestState.guestIdt, guest_gdt: page + lguestState.guestGdt,
      '(unused)': page + lguestState.size, '': SWITCHER_ADDR + 0x1000 + lguestPages.size,
    })
  })

  it('P:902: the record of registers, word by word', () => {
    const title = 'Who pushes what: the record grows downwards from `esp0`; offsets in its page'
    const { '': end, ...words } = addressesOf('P-preparation/900', title)
    expect(end).toBe(0x1000)
    expect(words).toEqual(Object.fromEntries(Object.entries(lguestRegs).map(([name, at]) => [name, LGUEST_REGS_OFFSET + at])))
  })

  it('H:480: the same in both worlds', () => {
    const pages = [3, 2, 1, 0].map((n) => SWITCHER_ADDR + n * 0x1000)
    expect(regionsOf('H-host/480', 'The last four megabytes, under either set of tables').map((r) => r.address))
      .toEqual([SWITCHER_ADDR + 0x5000, ...pages])
  })

  const registers = ['ss', 'esp', 'eflags', 'cs', 'eip', 'errcode', 'trapnum', 'es', 'ds'] as const
  it('S:130: a stumble, the left side being the record as it is', () => {
    const left = addressesOf('S-switcher/100', 'The register record after a stumble: offsets in its page')
    for (const name of registers) {
      const at = left[name] ?? left[`${name}, still 256`]
      expect(at, name).toBe(LGUEST_REGS_OFFSET + lguestRegs[name])
    }
  })

  it('S:150: where the last words come from', () => {
    const title = "Where the record's last words come from, by kind of trap: offsets in the page"
    const at = addressesOf('S-switcher/100', title)
    for (const name of registers.slice(0, 5)) expect(at[name], name).toBe(LGUEST_REGS_OFFSET + lguestRegs[name])
    expect(at['error code: processor']).toBe(LGUEST_REGS_OFFSET + lguestRegs.errcode)
    expect(at['14: the stub']).toBe(LGUEST_REGS_OFFSET + lguestRegs.trapnum)
    expect(at['es, then ten others']).toBe(LGUEST_REGS_OFFSET)
  })
})

describe('pictures of the Launcher', () => {
  it('L:180: the fields of the boot page are those that are written', () => {
    const memory = new Uint8Array(0x400000)
    const fake = {
      size: 0x400000,
      write: (at: number, bytes: Uint8Array) => memory.set(bytes, at),
      write32: (at: number, word: number) => new DataView(memory.buffer).setUint32(at, word, true),
    } as unknown as GuestMemory
    writeBootPage(fake, 0x1000)
    const title = 'The fields of the boot page that we fill: offsets in bytes'
    const fields = Object.values(addressesOf('L-launcher/180', title))
    for (const at of fields) {
      expect(memory.subarray(at, at + 20).some((byte) => byte !== 0), at.toString(16)).toBe(true)
    }
    const first = memory.findIndex((byte) => byte !== 0)
    expect(first).toBe(Math.min(...fields))
  })

  it('L:180: where the kernel, the command line and the boot page lie', () => {
    const map = addressesOf('L-launcher/180', 'Guest-physical memory before the first instruction')
    expect(map).toEqual({ kernel: LOAD_ADDRESS, 'command line': 0x1000, 'boot page': 0 })
  })

  it('L:210: a DMA record', () => {
    expect(addressesOf('L-launcher/200', 'A DMA record: offsets in bytes')).toEqual({
      'used length': lguestDma.usedLen, '16 addresses': lguestDma.addr, '16 lengths': lguestDma.len, '': lguestDma.size,
    })
  })

  it('L:210: the page of a block device', () => {
    const { type, sector, bytes, result, numSectors: sectors, size } = blockPage
    expect(addressesOf('L-launcher/200', 'The page of a block device: offsets in bytes'))
      .toEqual({ type, sector, bytes, result, sectors, '': size })
  })

  it('D:000: the three tables of a ring of 8 entries', () => {
    const { descriptors, available, used } = busRing(0, 8)
    const at = regionsOf('D-devices/000', 'The three tables of a ring of 8 entries: offsets in bytes').map((r) => r.address)
    expect(at).toEqual([busRingSize(8) - 2, used + 4, used, available + 4 + 2 * 8, available + 4, available, descriptors])
  })
})

describe('pictures of the processor', () => {
  it('E:100: EFLAGS', () => {
    expect(masksOf('E-emulator/100', 'EFLAGS: in its lower half since 1978, in its upper since then')).toMatchObject({
      CF, PF: PF_FLAG, AF, ZF, SF, TF, IF, DF: DF_FLAG, OF: OF_FLAG, IOPL, NT, RF, VM, AC: AC_FLAG, ID,
    })
  })

  it('E:205 and E:220: entries', () => {
    const bits = {
      P: PTE_PRESENT, W: PTE_RW, U: PTE_USER, PWT: PTE_PWT, PCD: PTE_PCD, A: PTE_ACCESSED, D: PTE_DIRTY,
      PS: PTE_PSE, G: PTE_GLOBAL,
    }
    expect(masksOf('E-emulator/200', 'A page table entry')).toMatchObject(bits)
    expect(masksOf('E-emulator/200', 'A wide entry, the higher of its two words on top')).toMatchObject(bits)
  })

  it('E:210: the error code', () => {
    expect(masksOf('E-emulator/200', 'The error code of a page fault'))
      .toEqual({ 'I/D': FETCH, RSVD: RESERVED, U: USER, W: WRITE, P: PRESENT })
  })

  it('E:232: an entry of the translation buffer', () => {
    expect(addressesOf('E-emulator/230', 'An entry of the buffer: offsets in words')).toEqual({
      'read tag': READ_TAG, 'write tag': WRITE_TAG, addend: ADDEND, 'fetch tag': FETCH_TAG, '': 4,
    })
  })

  it('E:700 and E:801: status and control of x87 and SSE', () => {
    const exceptions = { PE: x87.PE, UE: x87.UE, OE: x87.OE, ZE: x87.ZE, DE: x87.DE_FLAG, IE: x87.IE }
    expect(masksOf('E-emulator/700', 'The status word')).toMatchObject({
      C3: x87.C3, C2: x87.C2, C1: x87.C1, C0: x87.C0, ES: x87.ES_FLAG, SF: x87.STACK_FAULTED, ...exceptions,
    })
    expect(masksOf('E-emulator/800', 'MXCSR: its sixteen bits that mean something'))
      .toMatchObject({ FZ: FLUSH_TO_ZERO, DAZ: DENORMALS_ARE_ZERO, ...exceptions })
  })

  it('E:551 and E:562: types of gates', () => {
    const type = (part: string, title: string) => fieldsOf(part, title).find((f) => f.name === 'type')!.meaning
    const gate = type('E-emulator/550', 'A gate of the interrupt table, the higher of its two words on top')
    for (const [number, word] of [[INTERRUPT_GATE32, 'interrupt gate'], [TRAP_GATE32, 'trap gate'], [TASK_GATE, 'task gate']] as const) {
      expect(gate).toContain(`${number}: ${word}`)
    }
    expect(gate).toContain(`${INTERRUPT_GATE16} and ${TRAP_GATE16}`)
    expect(type('E-emulator/560', 'A call gate, the higher of its two words on top')).toContain(`${CALL_GATE32}: a call gate`)
  })

  it('descriptors and gates are of eight bytes, and agree where they overlap', () => {
    const whole = fieldsOf('E-emulator/500', 'A descriptor, the higher of its two words on top')
    const gate = fieldsOf('E-emulator/550', 'A gate of the interrupt table, the higher of its two words on top')
    const upper = fieldsOf('H-host/600', 'The upper word of a descriptor')
    const named = (fields: typeof whole, name: string) => fields.find((f) => f.name === name)!
    expect([whole[0].high, gate[0].high, upper[0].high]).toEqual([63, 63, 31])
    for (const name of ['P', 'DPL']) {
      const { high, low } = named(whole, name)
      expect(named(gate, name)).toMatchObject({ high, low })
      expect(named(upper, name)).toMatchObject({ high: high - 32, low: low - 32 })
    }
  })
})

describe('pictures of Puppy', () => {
  it('G:000: the address space', () => {
    const at = addressesOf('G-guest/000', "Puppy's address space")
    expect(at).toEqual({
      '(the Switcher)': SWITCHER_ADDR, 'device descriptors': DEVICE_BASE,
      'entry, code': KERNEL_BASE + LOAD_ADDRESS, 'boot page': KERNEL_BASE,
      "a process's stack": USER_STACK_LOW, heap: USER_HEAP, programs: USER_TEXT, '(never mapped)': 0,
    })
    const regions = regionsOf('G-guest/000', "Puppy's address space")
    expect(regions.some((r) => r.address === USER_HEAP_END)).toBe(true)
    expect(regions.find((r) => r.address === USER_STACK_LOW)?.note).toContain(USER_STACK_TOP.toString(16).padStart(8, '0'))
  })

  it('G:151: what a trap leaves on the stack', () => {
    const title = "What a trap leaves on the kernel's stack: offsets in bytes"
    for (const [names, at] of Object.entries(addressesOf('G-guest/150', title))) {
      const words = names.split(' ').filter((name) => name)
      words.forEach((name, i) => {
        if (name !== '(esp)') expect(frame[name as keyof typeof frame], name).toBe(at + 4 * i)
      })
      if (words.length === 0) expect(at).toBe(FRAME_SIZE)
    }
  })
})

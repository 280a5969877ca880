/** Instructions that the Launcher performs: their lengths after iced, their effects by running them. */
import { Decoder, DecoderOptions, Mnemonic, OpKind } from 'iced-x86'
import { describe, expect, test } from 'vitest'
import { eraC1 } from '../../generated/abi/era-c.ts'
import { moveInsn, performMove } from '../../generated/launcher/pci/move-insn.ts'
import { mask } from '../../generated/launcher/pci/operand.ts'
import type { Width } from '../../generated/launcher/pci/operand.ts'
import { performPort, portInsn } from '../../generated/launcher/pci/port-insn.ts'
import { CODE, LateGuest, runServed, WINDOWS } from './late-guest.ts'
import type { Kernel } from './late-guest.ts'
import { eax, edx, esi, mem } from '../../generated/assembler/index.ts'

const WINDOW = WINDOWS * 4096
const SEEN = 0x30000

/** What iced makes of the bytes. */
function iced(bytes: Uint8Array) {
  const decoder = new Decoder(32, bytes, DecoderOptions.None)
  const insn = decoder.decode()
  const found = { length: insn.length, mnemonic: insn.mnemonic,
    memory: [0, 1].some((i) => i < insn.opCount && insn.opKind(i) === OpKind.Memory) }
  insn.free()
  decoder.free()
  return found
}

/** Seven bytes that begin so. */
const seven = (...start: number[]) => Uint8Array.from([...start, 1, 2, 3, 4, 5, 6, 7].slice(0, 7))

describe('D:262 ports', () => {
  test('all sixteen forms, lengths after iced; nothing else', () => {
    for (const prefix of [[], [0x66]]) {
      for (let opcode = 0; opcode < 256; opcode++) {
        const bytes = seven(...prefix, opcode)
        const { length, mnemonic } = iced(Uint8Array.from([...bytes, 0, 0, 0, 0, 0, 0, 0]))
        const isPort = mnemonic === Mnemonic.In || mnemonic === Mnemonic.Out
        expect(portInsn(bytes)?.length ?? null, opcode.toString(16)).toBe(isPort ? length : null)
      }
    }
  })

  const running = (write: (k: Kernel) => void) => {
    const made = new LateGuest((k) => { write(k); k.hcall('HALT') }, eraC1, { byLauncher: true })
    const guest = made.launched()
    const written: [number, Width, number][] = []
    const ports = {
      readPort: (port: number, width: Width) => (0x87654321 ^ port) & mask(width),
      * writePort(port: number, width: Width, value: number) { written.push([port, width, value]); yield 1 },
    }
    const end = runServed(guest, function* (words) {
      const bytes = new Uint8Array(words.buffer, 1, 7)
      if (!(yield* performPort(guest, bytes, ports)) && !guest.sendBack(13)) throw new Error('refused')
    })
    return { end, written, seen: (at: number) => made.mm.read32(SEEN + at) }
  }

  test('each moves as many bits as it says', () => {
    const { end, written, seen } = running((k) => {
      const forms: number[][] = [[0xec], [0xed], [0x66, 0xed], [0xe4, 0x60], [0xe5, 0x60], [0x66, 0xe5, 0x60]]
      forms.forEach((form, i) => {
        k.mov(edx, 0x1000)
        k.mov(eax, 0xffffffff)
        k.db(...form)
        k.mov(mem(SEEN + i * 4), eax)
      })
      for (const form of [[0xee], [0xef], [0x66, 0xef], [0xe6, 0x70], [0x66, 0xe7, 0x70]]) {
        k.mov(eax, 0x11223344)
        k.db(...form)
      }
    })
    expect(end).toBe('halted')
    const read = (port: number) => 0x87654321 ^ port
    expect([0, 4, 8, 12, 16, 20].map(seen)).toEqual([
      0xffffff00 | read(0x1000) & 0xff, read(0x1000), 0xffff0000 | read(0x1000) & 0xffff,
      0xffffff00 | read(0x60) & 0xff, read(0x60), 0xffff0000 | read(0x60) & 0xffff].map((n) => n >>> 0))
    expect(written).toEqual([[0x1000, 1, 0x44], [0x1000, 4, 0x11223344], [0x1000, 2, 0x3344],
      [0x70, 1, 0x44], [0x70, 2, 0x3344]])
  })

  test('CLI is stepped over, CR4 and debug registers read as zero', () => {
    const { end, seen } = running((k) => {
      k.cli()
      k.mov(esi, 5)
      k.db(0x0f, 0x20, 0xe6) // mov esi, cr4
      k.mov(mem(SEEN), esi)
      k.mov(esi, 5)
      k.db(0x0f, 0x21, 0xfe) // mov esi, dr7
      k.mov(mem(SEEN + 4), esi)
      k.mov(mem(SEEN + 8).dword, 1)
    })
    expect([end, seen(0), seen(4), seen(8)]).toEqual(['halted', 0, 0, 1])
  })

  test('CR0, and all else that is privileged, goes to the handler', () => {
    for (const privileged of [[0x0f, 0x20, 0xc6], [0xf4], [0x0f, 0x30], [0xfb], [0x0f, 0x22, 0xe0], [0x6c]]) {
      const made = new LateGuest((k) => { k.gate(13, 0x11000); k.db(...privileged) }, eraC1, { byLauncher: true })
      made.mm.writeBytes(0x11000, Uint8Array.of(0xb8, 10, 0, 0, 0, 0xcd, 0x1f)) // HALT
      const guest = made.launched()
      const end = runServed(guest, function* (words) {
        const none = { readPort: () => 0, * writePort() {} }
        if (!(yield* performPort(guest, new Uint8Array(words.buffer, 1, 7), none))) guest.sendBack(13)
      })
      expect(end).toBe('halted')
      expect(guest.register('eip')).toBe(0x11007)
    }
  })
})

describe('D:264 moves', () => {
  test('every ModRM and SIB, lengths after iced', () => {
    const opcodes = [[0x88], [0x89], [0x8a], [0x8b], [0x0f, 0xb6], [0x0f, 0xb7], [0x0f, 0xbe], [0x0f, 0xbf]]
    for (const prefix of [[], [0x66]]) {
      for (const opcode of opcodes) {
        for (let modrm = 0; modrm < 256; modrm++) {
          for (let sib = 0; sib < 256; sib += (modrm & 7) === 4 && modrm < 0xc0 ? 1 : 256) {
            const bytes = [...prefix, ...opcode, modrm, sib, 1, 2, 3, 4, 5, 6, 7]
            const { length, memory } = iced(Uint8Array.from(bytes))
            const found = moveInsn(Uint8Array.from(bytes.slice(0, 7)))
            if ((found?.length ?? null) !== (memory ? length : null)) {
              expect.fail(`${bytes.map((b) => b.toString(16)).join(' ')}: ${found?.length} for ${length}`)
            }
          }
        }
      }
    }
  })

  test('opcodes that are no such move are none', () => {
    const ours = new Set([0x88, 0x89, 0x8a, 0x8b, 0xa0, 0xa1, 0xa2, 0xa3, 0x0f])
    for (let opcode = 0; opcode < 256; opcode++) {
      if (!ours.has(opcode)) expect(moveInsn(seven(opcode, 0x05)), opcode.toString(16)).toBe(null)
    }
    for (let second = 0; second < 256; second++) {
      const wanted = [0xb6, 0xb7, 0xbe, 0xbf].includes(second)
      expect(moveInsn(seven(0x0f, second, 0x05)) !== null, second.toString(16)).toBe(wanted)
    }
  })

  test('forms move what they move on a processor', () => {
    const forms: [code: number[], wanted: number | [Width, number]][] = [
      [[0x8b, 0x05], 0x8182fb84], [[0x8a, 0x05], 0x112233fb], [[0x8a, 0x25], 0x1122fb44],
      [[0x66, 0x8b, 0x05], 0x1122fbfb], [[0x0f, 0xb6, 0x05], 0xfb], [[0x0f, 0xbe, 0x05], 0xfffffffb],
      [[0x0f, 0xbf, 0x05], 0xfffffbfb], [[0x66, 0x0f, 0xbe, 0x05], 0x1122fffb], [[0xa1], 0x8182fb84],
      [[0x89, 0x05], [4, 0x11223344]], [[0x88, 0x25], [1, 0x33]], [[0x66, 0x89, 0x05], [2, 0x3344]],
      [[0xa2], [1, 0x44]], [[0xa3], [4, 0x11223344]],
    ]
    for (const [code, wanted] of forms) {
      const made = new LateGuest((k) => {
        k.hcall('NEW_PGTABLE', LateGuest.tables)
        k.mov(eax, 0x11223344)
        k.db(...code, WINDOW & 255, WINDOW >> 8 & 255, WINDOW >> 16 & 255, WINDOW >>> 24)
        k.mov(mem(SEEN), eax)
        k.hcall('HALT')
      }, eraC1, { byLauncher: true })
      const guest = made.launched()
      const written: [Width, number][] = []
      const windows = {
        readWindow: (_address: number, width: Width) => [0, 0xfb, 0xfbfb, 0, 0x8182fb84][width],
        writeWindow: function* (_address: number, width: Width, value: number) { written.push([width, value]); yield 1 },
      }
      const end = runServed(guest, (words) =>
        performMove(guest, new Uint8Array(words.buffer, 1, 7), words[2], windows))
      expect(end).toBe('halted')
      const name = code.map((b) => b.toString(16)).join(' ')
      if (typeof wanted === 'number') expect(made.mm.read32(SEEN).toString(16), name).toBe(wanted.toString(16))
      else expect(written, name).toEqual([wanted])
    }
  })

  test('where no window answers nothing is changed', () => {
    const made = new LateGuest((k) => {
      k.hcall('NEW_PGTABLE', LateGuest.tables)
      k.mov(eax, mem(WINDOW))
    }, eraC1, { byLauncher: true })
    const guest = made.launched()
    const words = new Uint32Array(3)
    guest.run(new Uint8Array(words.buffer))
    const eip = guest.register('eip')
    const work = performMove(guest, new Uint8Array(words.buffer, 1, 7), words[2],
      { readWindow: () => null, writeWindow: () => null })
    expect(work.next()).toEqual({ done: true, value: false })
    expect(guest.register('eip')).toBe(eip)
    expect(eip).toBeGreaterThan(CODE)
  })
})

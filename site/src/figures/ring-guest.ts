/**
 * A Guest that does nothing but go round a virtqueue: it offers a line to the console of
 * 2013, tells the Launcher, spins until the line has been used, and offers the next.
 */
import { callNumber } from '../../../generated/abi/common.ts'
import { eraB3 } from '../../../generated/abi/era-b3.ts'
import { Assembler, ax, eax, ebp, ebx, ecx, mem } from '../../../generated/assembler/index.ts'
import { availableAt, usedAt } from './ring-layout.ts'

/** Bytes that it is given. */
export const ringMemory = 2 << 20
/** Where it lies in its memory: what it says of itself to the Host, its code, its lines. */
const [data, code, text, farewell] = [0x100000, 0x101000, 0x102000, 0x103000]
/** Behind the dice, whose descriptor has 13 bytes, stands the console; the page of its second ring is in the last word. */
const ringPage = ringMemory + 13 + 5 + 8 + 4
/** So few that they can be seen to come back. */
const descriptors = 2
const powerOff = 1
const noInterrupt = 1

/** An ELF file that prints the lines, one a round, and powers off. */
export function ringGuest(lines: string[]): Uint8Array {
  const a = new Assembler(code)
  const call = (name: Parameters<typeof callNumber>[1]) => a.mov(eax, callNumber(eraB3, name)).int(0x1f)
  a.mov(ebx, data)
  call('LGUEST_INIT')
  a.mov(ebp, mem(ringPage)).shl(ebp, 12).mov(mem(ebp, availableAt).word, noInterrupt)
  let at = text
  for (const [i, line] of lines.entries()) {
    const descriptor = i % descriptors
    a.mov(mem(ebp, 16 * descriptor).dword, at).mov(mem(ebp, 16 * descriptor + 8).dword, line.length + 1)
    a.mov(mem(ebp, availableAt + 4 + 2 * i).word, descriptor).mov(mem(ebp, availableAt + 2).word, i + 1)
    a.mov(ebx, ebp)
    call('NOTIFY')
    const again = a.here()
    a.mov(ax, mem(ebp, usedAt + 2)).cmp(ax, i + 1).jne(again)
    at += line.length + 1
  }
  a.mov(ebx, farewell).mov(ecx, powerOff)
  call('SHUTDOWN')
  const bytes = (words: string) => new TextEncoder().encode(words)
  return elf([data, ofItself()], [code, a.assemble().bytes], [text, bytes(`${lines.join('\n')}\n`)], [farewell, bytes('Power down\0')])
}

/** The page that it shows to the Host: no hypercalls wait, it lies at 3 GB, and programs that it has not would call by 128. */
function ofItself(): Uint8Array {
  const { size, hcallStatus, kernelAddress, syscallVector } = eraB3.data
  const page = new Uint8Array(size).fill(0xff, hcallStatus, hcallStatus + 64)
  const view = new DataView(page.buffer)
  if (kernelAddress !== null) view.setUint32(kernelAddress, 0xc0000000, true)
  if (syscallVector !== null) view.setUint32(syscallVector, 128, true)
  return page
}

/** A kernel as a linker leaves it; its second piece is where it begins. */
function elf(...pieces: [address: number, bytes: Uint8Array][]): Uint8Array {
  const [head, each] = [52, 32]
  const start = head + each * pieces.length
  const words = (...given: number[]) => [...new Uint8Array(Uint32Array.from(given).buffer)]
  let offset = start
  const table = pieces.flatMap(([address, { length }]) => {
    const row = words(1, offset, address, address, length, length, 5, 4096)
    offset += length
    return row
  })
  const header = [0x7f, 0x45, 0x4c, 0x46, 1, 1, 1, ...Array(9).fill(0),
    ...words(2 | 3 << 16, 1, pieces[1][0], head, 0, 0, head | each << 16, pieces.length, 0)]
  return Uint8Array.from([...header, ...table, ...pieces.flatMap(([, bytes]) => [...bytes])])
}

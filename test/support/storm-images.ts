/**
 * Guests of era A, as files for the Launcher, that do one thing for ever and
 * leave their Launcher no peace.
 */
import { eraA, lguestDma } from '../../generated/abi/era-a.ts'
import { al, eax, ecx, edi, esp, mem } from '../../generated/assembler/index.ts'
import { writeElf } from '../../generated/puppy/elf.ts'
import { DATA, LittleKernel, PAGE_OFFSET, PROGRAM, STACK_TOP, VARIABLES } from '../e2e/little-guest.ts'

const RECORD = VARIABLES
const REPLY = VARIABLES + 0x200
const TEXT = 0x40000
/** The first device's page: behind RAM and the list of devices. */
const diskPage = (megabytes: number) => (megabytes << 20) + 4096

type Body = (k: LittleKernel, megabytes: number) => void

/** Sixteen sections of so many bytes into a record. */
function sections(k: LittleKernel, record: number, address: number, length: number): void {
  for (let i = 0; i < 16; i++) {
    k.a.mov(k.at(record + lguestDma.addr + i * 4).dword, address)
    k.a.mov(k.at(record + lguestDma.len + i * 2).word, length)
  }
}

function forever(k: LittleKernel, body: () => void): void {
  const again = k.a.here()
  body()
  k.a.jmp(again)
}

export const STORMS: Record<string, Body> = {
  computing: (k) => forever(k, () => k.a.inc(eax)),
  sending: (k) => forever(k, () => k.call('SEND_DMA', 0, RECORD)),
  printing: (k) => {
    k.a.mov(edi, PAGE_OFFSET + TEXT).mov(ecx, 4000).mov(eax, 0x2e2e2e2e).cld().rep().stosd()
    sections(k, RECORD, TEXT, 4000)
    forever(k, () => k.call('SEND_DMA', 0, RECORD))
  },
  'printing letter by letter': (k) => {
    k.a.mov(k.at(TEXT).byte, 0x2e)
    k.a.mov(k.at(RECORD + lguestDma.addr).dword, TEXT).mov(k.at(RECORD + lguestDma.len).word, 1)
    forever(k, () => k.call('SEND_DMA', 0, RECORD))
  },
  restarting: (k) => { k.a.mov(eax, 0xfe).out(0x64, al); },
  'ringing timers': (k) => forever(k, () => { k.call('SET_CLOCKEVENT', 1); k.call('HALT'); }),
  'rewriting itself': (k) => {
    const next = k.a.label()
    forever(k, () => { k.a.inc(eax).mov(mem(next, 1), eax).bind(next).mov(ecx, 1); })
  },
  'reading its disk': (k, megabytes) => {
    const key = diskPage(megabytes)
    sections(k, REPLY, 0x100000, 0xffff)
    k.call('BIND_DMA', key, REPLY, 1 << 8 | 5)
    forever(k, () => {
      k.a.mov(k.at(REPLY).dword, 0)
      k.call('SEND_DMA', key, RECORD)
    })
  },
}

/** The image of a storm, for a Guest of so much memory. */
export function stormImage(name: string, megabytes: number): Uint8Array {
  const k = new LittleKernel()
  const { a } = k
  // A Launcher of 2007 enters a kernel just behind its mark.
  a.ascii('GenuineLguest').mov(esp, PAGE_OFFSET + STACK_TOP)
  a.mov(edi, PAGE_OFFSET + DATA + eraA.data.hcallStatus).mov(ecx, 64).mov(eax, 0xff)
  a.cld().rep().stosb()
  k.call('LGUEST_INIT', DATA)
  STORMS[name](k, megabytes)
  const { bytes } = a.assemble()
  return writeElf({ virtual: PAGE_OFFSET + PROGRAM, physical: PROGRAM, entry: PAGE_OFFSET + PROGRAM, bytes }, 'a storm')
}

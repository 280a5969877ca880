/** A Guest whose program makes a system call by a vector of its own. */
import { eraB3 } from '../../generated/abi/era-b3.ts'
import { ax, ds, eax, es } from '../../generated/assembler/index.ts'
import { DATA, LateGuest, STACK } from '../D-devices/late-guest.ts'

const PROGRAM = 0x50000
const HANDLER = 0x11000

/** Where the call ended, and whether the Host was told of the trap. */
export function loadAndEnterRing3(vector: number, gateType: number): { reached: string, hostSaw: boolean } {
  let hostSaw = false
  const guest = new LateGuest((k) => {
    k.hcall('NEW_PGTABLE', LateGuest.tables)
    k.hcall('LOAD_IDT_ENTRY', vector, 0x610000 | HANDLER & 0xffff, HANDLER & 0xffff0000 | 0xe000 | gateType << 8)
    k.hcall('LOAD_GDT_ENTRY', 14, 0x0000ffff, 0x00cffb00)
    k.hcall('LOAD_GDT_ENTRY', 15, 0x0000ffff, 0x00cff300)
    k.hcall('SET_STACK', 0x69, STACK, 1)
    k.mov(eax, 0x7b)
    k.mov(ds, ax)
    k.mov(es, ax)
    for (const word of [0x7b, PROGRAM + 0x800, 0x202, 0x73, PROGRAM]) k.push(word)
    k.iret()
  }, eraB3, { syscallVector: vector,
    observer: { trap: (_cpu: unknown, trap: number) => { if (trap === vector) hostSaw = true } },
    before: (mm) => mm.write32(DATA + eraB3.data.syscallVector!, vector) })
  guest.mm.writeBytes(PROGRAM, Uint8Array.of(0xcd, vector, 0xeb, 0xfe))
  guest.mm.writeBytes(HANDLER, Uint8Array.of(0xb8, 10, 0, 0, 0, 0xcd, 0x1f))
  return { reached: guest.pending(), hostSaw } as { reached: string, hostSaw: boolean }
}

/**
 * Faults for the self-test: a check left out here, a count forgotten there.
 * Each is an exact piece of a tangled file and what stands there instead; a
 * piece that is no longer found once is an error, never a fault less.
 */
export interface Fault {
  readonly name: string
  /** Under generated/. */
  readonly file: string
  readonly from: string
  readonly to: string
  /** Classes to look with; all Guests, if not said. */
  readonly classes?: string
}

export const faults: readonly Fault[] = [
  { name: 'a Guest\'s memory has no end for the Host',
    file: 'host/guest-memory.ts', from: 'return end <= 0xffffffff && pages < lg.pfnLimit', to: 'return end <= 0xffffffff' },
  { name: 'an entry may name a page beyond memory',
    file: 'host/page-tables/guest-tables.ts', from: 'return (high & ~NO_EXECUTE) === 0 && low >>> PAGE_SHIFT < lg.pfnLimit', to: 'return (high & ~NO_EXECUTE) === 0' },
  { name: 'large pages are shadowed',
    file: 'host/page-tables/guest-tables.ts', from: 'if (!(low & PTE_PSE) && inMemory(lg, low, high)) return true', to: 'if (inMemory(lg, low, high)) return true' },
  { name: 'clean pages are writable',
    file: 'host/page-tables/demand.ts', from: 'const dropped = dirty ? PTE_GLOBAL : PTE_GLOBAL | PTE_RW', to: 'const dropped = PTE_GLOBAL' },
  { name: 'global pages stay global',
    file: 'host/page-tables/demand.ts', from: 'const dropped = dirty ? PTE_GLOBAL : PTE_GLOBAL | PTE_RW', to: 'const dropped = dirty ? 0 : PTE_RW' },
  { name: 'SET_PTE reaches the Switcher\'s pages',
    file: 'host/page-tables/changes.ts', from: 'if (va >= SWITCHER_ADDR) {', to: 'if (false) {' },
  { name: 'a fault in the Switcher\'s pages is mended',
    file: 'host/page-tables/demand.ts', from: 'if (va >= SWITCHER_ADDR) return false\n  const write', to: 'const write' },
  { name: 'an entry changes and the processor is not told',
    file: 'host/page-tables/leaves.ts', from: '  host.cpu.invalidate(slot.pgdir, va)\n', to: '' },
  { name: 'a frame is held for ever',
    file: 'host/page-tables/leaves.ts', from: '  host.frames.release(frameIn(old))\n', to: '' },
  { name: 'a directory is not given back',
    file: 'host/page-tables/birth.ts', from: '    giveFrame(lg, slot.pgdir)\n', to: '' },
  { name: 'descriptors of ring 0',
    file: 'host/segments.ts', from: 'const dpl = (high & DESC_DPL) === 0 ? DESC_DPL_1 : 0', to: 'const dpl = 0' },
  { name: 'system descriptors',
    file: 'host/segments.ts', from: 'if ((high & DESC_CODE_OR_DATA) === 0) {', to: 'if (high === 0) {' },
  { name: 'a gate to any segment',
    file: 'host/interrupts-and-traps.ts', from: 'cpu.idt[vector * 2] = (KERNEL_CS << 16) | (low & 0xffff)', to: 'cpu.idt[vector * 2] = low' },
  { name: 'page faults straight into the Guest',
    file: 'host/interrupts-and-traps.ts', from: 'return !cpu.lg.era.traps.neverDirect.includes(vector)', to: 'return true' },
  { name: 'a stack of any ring',
    file: 'host/interrupts-and-traps.ts', from: 'if ((segment & 3) !== GUEST_PL) {', to: 'if ((segment & 3) === 3) {' },
  { name: 'floating-point registers of others',
    file: 'host/core.ts', from: '  if (host.fpuOwner !== null) host.fpuOwner.fpu = host.cpu.saveFpu()\n', to: '' },
  { name: 'no timer ends a slice',
    file: 'host/core.ts', from: 'cpu.setTimer(Math.max(left, 1), SLICE_VECTOR, patience)', to: 'cpu.setTimer(Math.max(left, 1) * 1000, SLICE_VECTOR, patience * 1000)' },
  { name: 'DMA records are not checked',
    file: 'host/io.ts', from: 'if (!checkDmaList(dstLg, dest) || !from.check()) return 0', to: '', classes: 'dma' },
  { name: 'the Switcher believes its own fault',
    file: 'switcher/code.ts', from: '    je    .ownFault\n', to: '' },
  { name: 'the processor: any gate for any ring',
    file: 'emulator/protection/interrupts.ts', from: 'if (software && dpl(high) < c.i32[CPL]) fault(GP, code)', to: '' },
  { name: 'the processor: IRET to ring 0',
    file: 'emulator/protection/far.ts', from: 'level >= c.i32[CPL] && suits', to: 'suits' },
  { name: 'the processor: POPF turns interrupts off',
    file: 'emulator/protection/control.ts', from: '(c: Core) => c.i32[CPL] <= ((c.i32[EFLAGS] & IOPL) >>> 12)', to: '(_: Core) => true' },
  { name: 'the processor: control registers for everybody',
    file: 'emulator/protection/control.ts', from: 'if (c.i32[CPL] !== 0) fault(GP, 0)', to: '' },
  { name: 'the processor: ring 3 reads what is for supervisors',
    file: 'emulator/memory/walk.ts', from: '(access & USER) !== 0 && !WALK.user ||', to: '' },
  { name: 'the processor: toil ends no slice',
    file: 'emulator/run/run.ts', from: 'if (now < f64[TIMER_F64] && now + c.toil < c.patience) return', to: 'if (now < f64[TIMER_F64]) return', classes: 'self-changing' },
]

/** Puts a fault into the text of its file. Error: the piece is not there, or is there twice. */
export function spoil(text: string, { name, file, from, to }: Fault): string {
  const pieces = text.split(from)
  if (pieces.length !== 2) {
    throw new Error(`fuzz/faults.ts: "${name}" finds its piece ${pieces.length - 1} times in generated/${file}, not once`)
  }
  return pieces.join(to)
}

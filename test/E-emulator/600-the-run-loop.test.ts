import { describe, expect, test, vi } from 'vitest'
import {
  al, eax, ebx, ecx, edi, edx, esi, esp, mem,
} from '../../generated/assembler/index.ts'
import type { Assembler } from '../../generated/assembler/index.ts'
import { aimTlb } from '../../generated/emulator/memory/tlb.ts'
import { DR, DR7 } from '../../generated/emulator/state/state.ts'
import { CODE, STACK, gate, tinyMachine } from '../support/tiny-machine.ts'

describe('E:620 slices', () => {
  const counting = () => tinyMachine((a) => {
    const top = a.here()
    a.inc(eax).inc(ebx).inc(ecx).jmp(top)
  })
  test('a budget is used up exactly, whatever it is', () => {
    for (const budget of [1, 2, 3, 4, 63, 64, 65, 66, 127, 1000, 12345]) {
      const { cpu } = counting()
      expect(cpu.run(budget).reason).toBe('budget')
      expect(cpu.instructions).toBe(budget)
      expect(cpu.reg(0)).toBe(Math.ceil(budget / 4))
    }
  })
  test('cut into slices, a run does the same as in one piece', () => {
    const whole = counting()
    whole.cpu.run(10007)
    const pieces = counting()
    for (let left = 10007; left > 0;) {
      const n = Math.min(left, 1 + (left % 97))
      pieces.cpu.run(n)
      left -= n
    }
    expect(pieces.cpu.saveState().join()).toBe(whole.cpu.saveState().join())
  })
})

describe('E:615 toil', () => {
  const rewriting = () => tinyMachine((a) => {
    const [top, next] = [a.here(), a.label()]
    a.inc(eax).mov(mem(next, 1), eax)
    a.bind(next).mov(ecx, 1).jmp(top)
  })
  test('code that rewrites itself toils, and the counter does not know', () => {
    const { cpu } = rewriting()
    cpu.run(8000)
    expect(cpu.instructions).toBe(8000)
    expect(cpu.reg(0)).toBe(2000)
    expect(cpu.work).toBeGreaterThan(2000 * 500)
  })
  test('plain work is its instructions, and some for the steps at a run\'s end', () => {
    const { cpu } = tinyMachine((a) => { const top = a.here(); a.inc(eax).jmp(top) })
    cpu.run(1000)
    const before = cpu.work
    cpu.run(3000)
    expect(cpu.work - before).toBeLessThan(3000 + 64 * 20)
  })
  test('the timer fires when so much work is done, in a loop of any kind', () => {
    const loops: Record<string, (a: Assembler) => void> = {
      'rewriting itself': (a) => {
        const next = a.label()
        a.inc(eax).mov(mem(next, 1), eax)
        a.bind(next).mov(ecx, 1)
      },
      'across two pages': (a) => a.inc(mem(0x4ffe).dword),
      'a segment': (a) => a.db(0x8e, 0xd9), 'a square root': (a) => a.db(0xd9, 0xee, 0xd9, 0xfa, 0xdd, 0xd8),
      'all registers': (a) => a.pusha().popa(), 'rotations': (a) => a.db(0xd1, 0xd0),
    }
    for (const [what, body] of Object.entries(loops)) {
      const m = tinyMachine((a) => {
        a.mov(ecx, 0x10)
        const top = a.here()
        body(a)
        a.jmp(top)
        a.here('handler')
        a.hlt()
      })
      gate(m.machine, 0x20, m.symbols.get('handler')!)
      m.cpu.eflags = 0x202
      m.cpu.setTimer(1e6, 0x20, 50_000)
      expect(m.cpu.run(1e6).reason, what).toBe('halt')
      expect(m.cpu.work, what).toBeGreaterThan(50_000)
      expect(m.cpu.instructions, what).toBeLessThan(50_000)
    }
  })
})

describe('E:630 the timer', () => {
  test('fires exactly at its count', () => {
    for (const at of [1, 5, 64, 100, 777, 5000]) {
      const m = tinyMachine((a) => {
        const top = a.here()
        a.inc(eax).jmp(top)
        a.here('handler')
        a.hlt()
      })
      gate(m.machine, 0x20, m.symbols.get('handler')!)
      m.cpu.eflags = 0x202
      m.cpu.setTimer(at, 0x20)
      expect(m.cpu.run(1e6).reason).toBe('halt')
      // the HLT itself counts
      expect(m.cpu.instructions).toBe(at + 1)
    }
  })
  test('waits while interrupts are off', () => {
    const m = tinyMachine((a) => {
      const top = a.here()
      a.inc(eax).cmp(eax, 1000).jne(top).sti().nop().inc(ebx).hlt()
      a.here('handler')
      a.hlt()
    })
    gate(m.machine, 0x20, m.symbols.get('handler')!)
    m.cpu.setTimer(10, 0x20)
    m.cpu.run(1e6)
    expect([m.cpu.reg(0), m.cpu.reg(3)]).toEqual([1000, 0])
  })
})

describe('E:640 faults', () => {
  test('leave the instruction undone and uncounted, EIP upon it', () => {
    const m = tinyMachine((a) => {
      a.mov(eax, 7).xor(edx, edx).xor(ecx, ecx)
      a.here('divide')
      a.div(ecx).hlt()
      a.here('handler')
      a.mov(ebx, mem(esp)).hlt()
    })
    gate(m.machine, 0, m.symbols.get('handler')!)
    m.cpu.run(1e3)
    expect(m.cpu.reg(3)).toBe(m.symbols.get('divide'))
    expect(m.cpu.reg(0)).toBe(7)
    expect(m.cpu.instructions).toBe(5)
  })
  test('without a table to deliver it, the processor shuts down', () => {
    const m = tinyMachine((a) => { a.ud2() })
    m.cpu.idtr = { base: 0, limit: 0 }
    expect(m.cpu.run(100).reason).toBe('shutdown')
  })
})

describe('E:645 single steps', () => {
  test('the trap flag brings a trap behind each instruction', () => {
    const m = tinyMachine((a) => {
      a.push(0x302).popf().inc(eax).inc(eax).inc(eax).push(2).popf().hlt()
      a.here('handler')
      a.inc(ecx).iret()
    })
    gate(m.machine, 1, m.symbols.get('handler')!)
    m.cpu.run(1e3)
    expect([m.cpu.reg(0), m.cpu.reg(1)]).toEqual([3, 5])
  })
})

describe('E:620 a repeated string in a slice', () => {
  test('is interrupted between stretches and goes on', () => {
    const bytes = 0x30000
    const m = tinyMachine((a) => {
      a.mov(esi, 0x20000).mov(edi, 0x50000).mov(ecx, bytes).rep().movsb().hlt()
      a.here('handler')
      a.inc(ebx).iret()
    })
    const data = Uint8Array.from({ length: bytes }, (_, i) => i * 31)
    m.physical.writeBytes(0x20000, data)
    gate(m.machine, 0x20, m.symbols.get('handler')!)
    m.cpu.eflags = 0x202
    m.cpu.setTimer(4, 0x20)
    expect(m.cpu.run(1e6).reason).toBe('halt')
    expect(m.cpu.reg(3)).toBe(1)
    expect(m.physical.readBytes(0x50000, bytes)).toEqual(data)
    void al
  })
})

describe('E:620 a repetition is paid by the element', () => {
  const forms: [string, number[], boolean][] = [
    ['rep movsb', [0xf3, 0xa4], false], ['rep movsd', [0xf3, 0xa5], false], ['rep stosd', [0xf3, 0xab], false],
    ['rep lodsw', [0xf3, 0x66, 0xad], false], ['repne scasb', [0xf2, 0xae], false], ['repe cmpsb', [0xf3, 0xa6], false],
    ['rep movsb downwards', [0xf3, 0xa4], true], ['rep movsb es:', [0x64, 0xf3, 0xa4], false], ['rep stosb a16', [0x67, 0xf3, 0xaa], false],
  ]
  const machine = (bytes: number[], down: boolean, count: number) => {
    const m = tinyMachine((a) => {
      a.mov(esi, 0xc000).mov(edi, 0xe000).mov(ecx, count).mov(eax, 1)
      a.db(down ? 0xfd : 0xfc, ...bytes).hlt()
    })
    return m
  }
  for (const [name, bytes, down] of forms) {
    test(`${name}: n elements count as n instructions, however they are cut`, () => {
      for (const count of [0, 1, 2, 63, 64, 65, 1000, 5000]) {
        const whole = machine(bytes, down, count)
        expect(whole.cpu.run(1e6).reason).toBe('halt')
        expect(whole.cpu.instructions).toBe(6 + Math.max(1, count))
        const cut = machine(bytes, down, count)
        for (let n = 1; cut.cpu.run(1 + n % 131).reason !== 'halt'; n += 7);
        expect(cut.cpu.instructions).toBe(whole.cpu.instructions)
        expect(cut.cpu.reg(7)).toBe(whole.cpu.reg(7))
      }
    })
    test(`${name}: a budget buys no more elements than instructions`, () => {
      for (const budget of [1, 10, 70, 1000, 3333]) {
        const m = machine(bytes, down, 5000)
        m.cpu.run(5)
        expect(m.cpu.run(budget).reason).toBe('budget')
        expect(5000 - m.cpu.reg(1)).toBe(budget)
      }
    })
  }
  test('what was done before a fault is counted, the element that faulted is not', () => {
    const m = tinyMachine((a) => {
      a.mov(edi, 0xe000).mov(ecx, 5000).rep().stosb().hlt()
      a.here('handler')
      a.hlt()
    })
    gate(m.machine, 13, m.symbols.get('handler')!)
    m.cpu.setSegment(0, { selector: 0x10, base: 0, limit: 0xe063, flags: 0x4093 })
    expect(m.cpu.run(1e6).reason).toBe('halt')
    expect(m.cpu.instructions).toBe(2 + 100 + 1)
  })
  test('memory whose linear addresses are high is copied and filled by the page, too', () => {
    const m = tinyMachine((a) => {
      a.mov(esi, 0x8000c000).mov(edi, 0x8000e000).mov(ecx, 0x400).rep().movsd().hlt()
    })
    const { physical, cpu } = m
    for (let i = 0; i < 1024; i++) {
      physical.write32(0x20000 + i * 4, 0x21003)
      physical.write32(0x21000 + i * 4, ((i & 255) << 12) | 3)
    }
    physical.writeBytes(0xc000, Uint8Array.from({ length: 4096 }, (_, n) => n * 7))
    cpu.cr3 = 0x20000
    cpu.cr0 = 0x80010011
    const copied = vi.spyOn(cpu.core.u8, 'copyWithin')
    expect(cpu.run(1e6).reason).toBe('halt')
    expect(copied.mock.calls.length).toBe(1)
    expect(physical.readBytes(0xe000, 4096)).toEqual(physical.readBytes(0xc000, 4096))
  })
})

/** MOV SS, AX; POP SS; LSS ESP, [0xb000]. */
const MOV_SS = [0x8e, 0xd0], POP_SS = [0x17], LSS = [0x0f, 0xb2, 0x25, 0, 0xb0, 0, 0]

describe('E:645 the shelter behind a load of SS', () => {
  /** Interrupted as soon as may be: how many of the INCs were done before? */
  const before = (bytes: number[]) => {
    const m = tinyMachine((a) => {
      a.mov(eax, 0x10).push(eax).push(eax).push(eax).sti().nop()
      a.db(...bytes).inc(ebx).inc(ebx).hlt()
      a.here('handler')
      a.hlt()
    })
    m.physical.write32(0xb000, STACK)
    m.physical.write32(0xb004, 0x10)
    gate(m.machine, 0x20, m.symbols.get('handler')!)
    m.cpu.run(6)
    m.cpu.setTimer(1, 0x20)
    m.cpu.run(100)
    return m.cpu.reg(3)
  }
  test('covers one instruction: MOV SS and POP SS give it, LSS does not', () => {
    expect(before([0x90])).toBe(0)
    expect(before(MOV_SS)).toBe(1)
    expect(before(POP_SS)).toBe(1)
    expect(before(LSS)).toBe(0)
  })
  test('the second of two has none', () => {
    expect(before([...MOV_SS, ...MOV_SS])).toBe(0)
    expect(before([...MOV_SS, ...POP_SS])).toBe(0)
  })
  test('a program that does nothing else is interrupted', () => {
    const m = tinyMachine((a) => {
      a.mov(eax, 0x10).sti()
      const top = a.here()
      a.db(...MOV_SS, ...MOV_SS, ...MOV_SS).jmp(top)
      a.here('handler')
      a.hlt()
    })
    gate(m.machine, 0x20, m.symbols.get('handler')!)
    m.cpu.setTimer(100, 0x20)
    expect(m.cpu.run(1e4).reason).toBe('halt')
    expect(m.cpu.instructions).toBeLessThan(110)
  })
})

/** A machine that counts its debug exceptions and keeps the last EIP, EFLAGS and DR6. */
function watched(write: (a: Assembler) => void, dr7: number, ...addresses: number[]) {
  const m = tinyMachine((a) => {
    a.mov(eax, 0x10).push(eax).push(eax)
    write(a)
    a.hlt()
    a.here('handler')
    a.push(eax).mov(eax, mem(esp, 4)).mov(mem(0xb100), eax).mov(eax, mem(esp, 12)).mov(mem(0xb104), eax)
    // mov eax, dr6
    a.db(0x0f, 0x21, 0xf0).mov(mem(0xb108), eax).inc(mem(0xb10c).dword)
    a.or(mem(esp, 12).dword, 0x10000).pop(eax).iret()
  })
  gate(m.machine, 1, m.symbols.get('handler')!)
  m.physical.write32(0xb000, 0x10)
  addresses.forEach((address, n) => { m.cpu.core.i32[DR + n] = address })
  m.cpu.core.i32[DR7] = dr7
  aimTlb(m.cpu.core)
  const result = m.cpu.run(1e5)
  const word = (at: number) => m.physical.read32(at)
  return { ...m, result, eip: word(0xb100), flags: word(0xb104), dr6: word(0xb108), hits: word(0xb10c) }
}

describe('E:595 breakpoints and SS', () => {
  test('a watched word that SS is loaded from is told one instruction late', () => {
    const move = watched((a) => { a.db(0x8e, 0x15).dd(0xb000).nop().nop() }, 0x400 | 1 | 0xf << 16, 0xb000)
    expect([move.hits, move.dr6 & 15, move.eip]).toEqual([1, 1, CODE + 7 + 6 + 1])
    const pop = watched((a) => { a.mov(esp, 0xb000).db(...POP_SS).mov(esp, STACK).nop() },
      0x400 | 1 | 0xf << 16, 0xb000)
    expect([pop.hits, pop.dr6 & 15, pop.eip]).toEqual([1, 1, CODE + 7 + 5 + 1 + 5])
  })
  test('an instruction breakpoint behind it does not strike', () => {
    const m = watched((a) => { a.db(...MOV_SS).nop().nop() }, 0x401, CODE + 7 + 2)
    expect(m.hits).toBe(0)
    expect(watched((a) => { a.db(...MOV_SS).nop().nop() }, 0x401, CODE + 7 + 3).hits).toBe(1)
  })
})

describe('E:374 RF and repetitions', () => {
  test('a breakpoint on one strikes once, not at each element', () => {
    const m = watched((a) => {
      a.mov(edi, 0xe000).mov(ecx, 20)
      a.rep().stosb().nop()
    }, 0x401, CODE + 17)
    expect([m.hits, m.eip, m.cpu.reg(1), m.result.reason]).toEqual([1, CODE + 17, 0, 'halt'])
  })
  test('an interrupt that splits one pushes RF, one behind it does not', () => {
    for (const [after, rf] of [[3, 1], [50, 1], [101, 1], [102, 0], [103, 0]]) {
      const m = tinyMachine((a) => {
        a.mov(edi, 0xe000).mov(ecx, 100).rep().stosb().nop().nop().hlt()
        a.here('handler')
        a.mov(edx, mem(esp, 8)).hlt()
      })
      gate(m.machine, 0x20, m.symbols.get('handler')!)
      m.cpu.eflags = 0x202
      m.cpu.setTimer(after, 0x20)
      m.cpu.run(1e4)
      expect({ after, rf: m.cpu.reg(2) >>> 16 & 1 }).toEqual({ after, rf })
    }
  })
})

describe('E:645 a HLT that is stepped', () => {
  test('does not end the run: the processor is in its handler', () => {
    const m = tinyMachine((a) => {
      a.push(0x302).popf().hlt().nop()
      a.here('handler')
      a.and(mem(esp, 8).dword, ~0x100).inc(ebx).iret()
    })
    const after = m.symbols.get('handler')! - 1
    gate(m.machine, 1, m.symbols.get('handler')!)
    m.physical.write8(after, 0xf4)
    expect(m.cpu.run(1000).reason).toBe('halt')
    expect([m.cpu.reg(3), m.cpu.eip]).toEqual([1, after + 1])
  })
})

describe('E:554 INT1', () => {
  test('with TF takes one debug exception, and the handler is not stepped', () => {
    const m = tinyMachine((a) => {
      a.push(0x302).popf().db(0xf1).hlt()
      a.here('handler')
      a.inc(ebx).nop().nop().mov(ecx, mem(esp)).hlt()
    })
    gate(m.machine, 1, m.symbols.get('handler')!)
    expect(m.cpu.run(1000).reason).toBe('halt')
    expect([m.cpu.reg(3), m.cpu.reg(1)]).toEqual([1, m.symbols.get('handler')! - 1])
  })
  test('that cannot be delivered faults as INT n does, upon itself', () => {
    const m = tinyMachine((a) => {
      a.nop().db(0xf1).hlt()
      a.here('handler')
      a.pop(ebx).mov(ecx, mem(esp)).hlt()
    })
    gate(m.machine, 13, m.symbols.get('handler')!)
    expect(m.cpu.run(1000).reason).toBe('halt')
    // the gate of vector 1 is empty: #GP(IDT entry 1, external)
    expect([m.cpu.reg(3), m.cpu.reg(1)]).toEqual([1 * 8 + 2 + 1, CODE + 1])
    const none = tinyMachine((a) => { a.db(0xf1).hlt() })
    none.cpu.idtr = { base: 0, limit: 0 }
    expect(none.cpu.run(100).reason).toBe('shutdown')
  })
})

describe('E:595 DR6', () => {
  test('B0 to B3 are those of this exception', () => {
    const m = watched((a) => { a.nop().nop().nop() }, 0x400 | 1 | 4, CODE + 7, CODE + 9)
    expect([m.hits, m.dr6 & 15]).toEqual([2, 2])
  })
})

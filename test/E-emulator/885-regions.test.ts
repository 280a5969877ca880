import { describe, expect, test } from 'vitest'
import { type Assembler, eax, ebx, ecx, edi, edx, esi, esp, mem } from '../../generated/assembler/index.ts'
import type { Engine, Machine } from '../../generated/emulator/index.ts'
import { CODE, tinyMachine } from '../support/tiny-machine.ts'

const hot = (program: (a: Assembler) => void, engine: Engine = 'translated') => {
  const machine = tinyMachine(program, { engine })
  expect(machine.cpu.run(1e8).reason).toBe('halt')
  return machine
}
const counting = (a: Assembler) => {
  const top = a.label()
  a.mov(ecx, 2_000_000).xor(eax, eax).bind(top).add(eax, ecx).xor(eax, 0x55).dec(ecx).jne(top).hlt()
}

/** With each page where its number says: half of 400,000 calls add 1; the others, when page 5 has moved to 6, add 3. */
function expectMovedHalfway({ cpu, physical }: Pick<Machine, 'cpu' | 'physical'>): void {
    physical.write32(0x10000, 0x11003)
    for (let page = 0; page < 256; page++) physical.write32(0x11000 + page * 4, (page << 12) | 3)
    cpu.cr3 = 0x10000
    cpu.cr0 = 0x80010011
    expect(cpu.run(1e8).reason).toBe('halt')
    expect(cpu.reg(0)).toBe(200_000 + 200_000 * 3)
}

describe('E:860 where it is hot', () => {
  test('a loop of two million rounds is translated, and comes to the same', () => {
    const [one, two] = [hot(counting), hot(counting, 'interpreted')]
    expect(one.cpu.translation.regions).toBe(1)
    expect(two.cpu.translation.made).toBe(0)
    expect([one.cpu.reg(0), one.cpu.instructions]).toEqual([two.cpu.reg(0), two.cpu.instructions])
  })
  test('what runs a few times is not', () => {
    const { cpu } = hot((a) => {
      const top = a.label()
      a.mov(ecx, 900).bind(top).dec(ecx).jne(top).hlt()
    })
    expect(cpu.translation.made).toBe(0)
  })
})

describe('E:867 into calls, and back', () => {
  test('a small function is part of the loop that calls it', () => {
    const { cpu } = hot((a) => {
      const [top, f] = [a.label(), a.label()]
      a.mov(ecx, 500_000).xor(eax, eax).bind(top).call(f).call(f).dec(ecx).jne(top).hlt()
      a.bind(f).add(eax, ecx).ret()
    })
    const { exits, regions } = cpu.translation
    expect(regions).toBeGreaterThan(0)
    expect(exits['computed jump or return']).toBeLessThan(50)
  })
  const fibonacci = (meddles: boolean) => (a: Assembler) => {
    const [again, fib, small, out] = [a.label(), a.label(), a.label(), a.label()]
    a.mov(esi, 40).bind(again).mov(eax, 19).call(fib).bind(out).dec(esi).jne(again).hlt()
    a.bind(fib).cmp(eax, 2).jb(small).push(ebx).mov(ebx, eax).dec(eax).call(fib)
    a.xchg(eax, ebx).sub(eax, 2).call(fib).add(eax, ebx).pop(ebx)
    if (meddles) a.test(esp, 0xff).jne(small).inc(edi)
    a.bind(small).ret()
  }
  test.each([false, true])('a function that calls itself stays in its region; meddles with flags: %s', (meddles) => {
    const [one, two] = [hot(fibonacci(meddles)), hot(fibonacci(meddles), 'interpreted')]
    for (const r of [0, 3, 4, 7]) expect(one.cpu.reg(r)).toBe(two.cpu.reg(r))
    expect([one.cpu.instructions, one.cpu.eflags]).toEqual([two.cpu.instructions, two.cpu.eflags])
    const { exits } = one.cpu.translation
    expect(exits['computed jump or return'] + exits['went on elsewhere']).toBeLessThan(40_000)
  })
  test('a return that was meddled with goes where the stack says', () => {
    const { cpu } = hot((a) => {
      const [top, f, other, back] = [a.label(), a.label(), a.label(), a.label()]
      a.mov(ecx, 300_000).xor(ebx, ebx).bind(top).call(f).inc(ebx)
      a.bind(other).dec(ecx).jne(top).hlt()
      a.bind(f).test(ecx, 15).jne(back).mov(mem(esp).dword, other).bind(back).ret()
    })
    expect(cpu.reg(3)).toBe(300_000 - 300_000 / 16)
    expect(cpu.translation.exits['computed jump or return']).toBeGreaterThan(5_000)
  })
})

describe('E:869 through a table', () => {
  const CASES = [1, 2, 3, 4, 5]
  /** Case n adds n and jumps on through the table, by a number that wanders. */
  const jumping = (a: Assembler, changes: boolean) => {
    const [table, done, stay] = [a.label(), a.label(), a.label()]
    const next = () => {
      a.dec(ecx).je(done).lea(ebx, mem({ base: ebx, index: ebx, scale: 4, disp: 3 })).mov(edx, ebx).shr(edx, 7)
      a.and(edx, 3).jmp(mem({ index: edx, scale: 4, disp: table }))
    }
    a.mov(ecx, 200_000).xor(eax, eax).mov(ebx, 7)
    next()
    const cases = CASES.map((n) => {
      const here = a.here()
      a.add(eax, n)
      if (changes && n === 3) a.cmp(ecx, 100_000).ja(stay).mov(esi, mem(table, 16)).mov(mem(table, 4), esi).bind(stay)
      next()
      return here
    })
    a.bind(done).hlt().align(4).bind(table).dd(...cases)
  }
  test('a switch in a loop stays in its region', () => {
    const [one, two] = [hot((a) => jumping(a, false)), hot((a) => jumping(a, false), 'interpreted')]
    expect([one.cpu.reg(0), one.cpu.instructions]).toEqual([two.cpu.reg(0), two.cpu.instructions])
    const { exits } = one.cpu.translation
    expect(exits['computed jump or return']).toBeLessThan(5_000)
  })
  test('a table whose one known entry no region can hold is left to the interpreter', () => {
    const { cpu } = hot((a) => {
      const [onTwoPages, table, done] = [a.label(), a.label(), a.label()]
      a.mov(ecx, 300_000).xor(ebx, ebx).xor(edi, edi).jmp(onTwoPages)
      a.align(4096).bind(table).dd(onTwoPages, done).db(...new Array<number>(4093 - 8).fill(0x90))
      a.bind(onTwoPages).add(edi, 0x12345678).dec(ecx).je(done).and(edi, 0).jmp(mem({ index: edi, scale: 4, disp: table }))
      a.mov(ebx, 1).bind(done).hlt() // nobody goes here
    })
    expect([cpu.reg(1), cpu.reg(3)]).toEqual([0, 0])
    expect(cpu.translation.regions).toBeGreaterThan(0)
  })
  test('a table that changes is believed as it stands', () => {
    const [one, two] = [hot((a) => jumping(a, true)), hot((a) => jumping(a, true), 'interpreted')]
    expect([one.cpu.reg(0), one.cpu.instructions]).toEqual([two.cpu.reg(0), two.cpu.instructions])
  })
})

describe('E:889 dropping', () => {
  test('a loop that changes one of its instructions a hundred thousand rounds later runs the new one', () => {
    const program = (a: Assembler) => {
      const [top, there, go] = [a.label(), a.label(), a.label()]
      a.mov(ecx, 400_000).xor(eax, eax).bind(top)
      a.cmp(ecx, 200_000).jne(go).mov(mem(there, 2).byte, 7)
      a.bind(go).bind(there).add(eax, 1).dec(ecx).jne(top).hlt()
    }
    const { cpu } = hot(program)
    expect(cpu.reg(0)).toBe(200_000 + 200_000 * 7)
    expect(cpu.translation.made).toBeGreaterThan(1)
  })
  test('a page that is written again and again is left to the interpreter', () => {
    const { cpu } = hot((a) => {
      const [outer, top, there] = [a.label(), a.label(), a.label()]
      a.mov(edx, 60).bind(outer).mov(ecx, 100_000).bind(top).bind(there).add(eax, 1).dec(ecx).jne(top)
      a.mov(mem(there, 2).byte, 3).dec(edx).jne(outer).hlt()
    })
    expect(cpu.translation.made).toBeLessThan(12)
  })
  test('bytes that come from outside are new code as well', () => {
    const machine = tinyMachine(counting)
    machine.cpu.run(3_000_000)
    expect(machine.cpu.translation.regions).toBe(1)
    machine.physical.writeBytes(CODE, machine.physical.readBytes(CODE, 16))
    expect(machine.cpu.translation.regions).toBe(0)
    expect(machine.cpu.run(1e8).reason).toBe('halt')
  })
})

describe('E:878 a page that moves', () => {
  test('is noticed by the edge that leads into it', () => {
    const { cpu, physical } = tinyMachine((a) => {
      const [top, go] = [a.label(), a.label()]
      a.mov(ecx, 400_000).xor(eax, eax).bind(top).call(0x5000)
      a.cmp(ecx, 200_001).jne(go).mov(mem(0x11014).dword, 0x6003).db(0x0f, 0x01, 0x3d).dd(0x5000)
      a.bind(go).dec(ecx).jne(top).hlt()
    })
    // add eax, 1; ret; and behind it, where the page will be, add eax, 3; ret
    physical.writeBytes(0x5000, Uint8Array.of(0x83, 0xc0, 1, 0xc3))
    physical.writeBytes(0x6000, Uint8Array.of(0x83, 0xc0, 3, 0xc3))
    expectMovedHalfway({ cpu, physical })
    expect(cpu.translation.exits['page has moved']).toBeGreaterThan(0)
  })
})

describe('E:862 from one to the next', () => {
  test('a region that a call through a register finds is left alone once its page has moved', () => {
    const { cpu, physical } = tinyMachine((a) => {
      const [top, go] = [a.label(), a.label()]
      a.mov(ecx, 400_000).xor(eax, eax).mov(ebx, 0x5000).bind(top).call(ebx)
      a.cmp(ecx, 200_001).jne(go).mov(mem(0x11014).dword, 0x6003).db(0x0f, 0x01, 0x3d).dd(0x5000)
      a.bind(go).dec(ecx).jne(top).hlt()
    })
    const adding = (n: number) => Uint8Array.of(0x83, 0xc0, n, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0xc3)
    physical.writeBytes(0x5000, adding(1))
    physical.writeBytes(0x6000, adding(3))
    expectMovedHalfway({ cpu, physical })
    expect(cpu.translation.exits['computed jump or return']).toBeGreaterThan(300_000)
  })
})

describe('E:877 counting', () => {
  test('budgets end at the instruction, whatever is translated', () => {
    const machine = tinyMachine(counting)
    let expected = 0
    for (const budget of [1_400_000, 1, 7, 64, 65, 1000, 99_999, 3, 131_072]) {
      expected += budget
      machine.cpu.run(budget)
      expect(machine.cpu.instructions).toBe(expected)
    }
  })
  test('a timer strikes at the instruction', () => {
    const eips = (['translated', 'interpreted'] as const).map((engine) => {
      const { cpu } = tinyMachine((a) => {
        const top = a.label()
        a.bind(top).inc(eax).add(esi, eax).jmp(top)
      }, { engine })
      cpu.run(1_500_000)
      return [123_457, 5, 77_001].map((n) => {
        cpu.setTimer(n, 40)
        cpu.run(200_000)
        return [cpu.eip, cpu.reg(0), cpu.pending()]
      })
    })
    expect(eips[0]).toEqual(eips[1])
  })
})

import { describe, expect, it } from 'vitest'
import { Decoder, DecoderOptions, Code, FlowControl } from 'iced-x86'
import { assembleKernel, puppyImage } from '../../generated/puppy/index.ts'
import { assemblePrograms } from '../../generated/puppy/user/programs.ts'
import { addressIn, Workbench } from '../../generated/puppy/workbench.ts'
import { writeElf } from '../../generated/puppy/elf.ts'
import { eax } from '../../generated/assembler/index.ts'

const image = puppyImage()
const view = new DataView(image.buffer, image.byteOffset, image.byteLength)
const word = (at: number) => view.getUint32(at, true)
const half = (at: number) => view.getUint16(at, true)

describe('G:002 the workbench', () => {
  it('keeps code, data and zeroes on pages of their own', () => {
    const bench = new Workbench(0x1000)
    bench.reserve('zeroes', 10)
    bench.word('number', 7)
    bench.fn('start')
    bench.a.ret()
    const { symbols, bytes } = bench.finish()
    expect(symbols.get('start')).toBe(0x1000)
    expect(symbols.get('number')).toBe(0x2000)
    expect(symbols.get('zeroes')).toBe(0x3000)
    expect(bytes.length).toBe(0x3000)
    expect(bytes[0x1000]).toBe(7)
  })

  it('stores a string once', () => {
    const bench = new Workbench(0)
    expect(bench.string('twice')).toBe(bench.string('twice'))
    expect(bench.string('twice')).not.toBe(bench.string('once'))
  })

  it('lets a routine be called before it is written', () => {
    const bench = new Workbench(0)
    bench.call('later')
    bench.fn('later')
    bench.a.mov(eax, 1)
    expect(() => bench.finish()).not.toThrow()
  })

  it('complains about a routine that nobody wrote', () => {
    const bench = new Workbench(0)
    bench.call('nowhere')
    expect(() => bench.finish()).toThrow(/nowhere/)
  })
})

describe('G:004 the ELF file', () => {
  it('is a 32-bit executable for the 386', () => {
    expect([...image.subarray(0, 7)]).toEqual([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1])
    expect(half(16)).toBe(2)
    expect(half(18)).toBe(3)
    expect(half(40)).toBe(52)
    expect(half(42)).toBe(32)
    expect(half(44)).toBe(2)
  })

  it('has one loaded segment, 3 GiB above its physical address', () => {
    expect(word(52)).toBe(1)
    expect(word(60)).toBe(0xc0100000)
    expect(word(64)).toBe(0x100000)
    expect(word(56) + word(68)).toBe(image.length)
    expect(word(72)).toBeGreaterThan(word(68))
  })

  it('has a note with its name', () => {
    expect(word(84)).toBe(4)
    const note = image.subarray(word(88), word(88) + word(100))
    expect(Buffer.from(note).toString('latin1')).toContain('lguest era A')
    expect(word(92) - word(96)).toBe(0)
  })

  it('bears the mark right before its entry', () => {
    const at = Buffer.from(image).indexOf('GenuineLguest')
    expect(at).toBeGreaterThan(0)
    expect(at - word(56) + word(60) + 13).toBe(word(24))
  })

  it('leaves out the zeroes at the end', () => {
    const bytes = new Uint8Array(0x3000)
    bytes[5] = 1
    const small = writeElf({ virtual: 0, physical: 0, entry: 0, bytes }, 'x')
    expect(small.length).toBe(4096 + 6)
  })
})

/** Follow all code from the given addresses; returns what is wrong. */
function badInstructions(
  bytes: Uint8Array, origin: number, entries: number[],
): string[] {
  const seen = new Set<number>()
  const bad: string[] = []
  const work = [...entries]
  while (work.length) {
    let ip = work.pop()!
    while (!seen.has(ip) && ip >= origin && ip < origin + bytes.length) {
      seen.add(ip)
      const decoder = new Decoder(32, bytes.subarray(ip - origin, ip - origin + 16), DecoderOptions.None)
      decoder.ip = BigInt(ip)
      const instruction = decoder.decode()
      if (instruction.code === Code.INVALID) { bad.push(ip.toString(16)); break; }
      const flow = instruction.flowControl
      if (instruction.isJccShortOrNear || instruction.isJmpShortOrNear || instruction.isCallNear) {
        work.push(Number(instruction.nearBranchTarget))
      }
      const next = Number(instruction.nextIP)
      instruction.free()
      decoder.free()
      if (flow === FlowControl.UnconditionalBranch || flow === FlowControl.Return || flow === FlowControl.IndirectBranch) break
      ip = next
    }
  }
  expect(seen.size).toBeGreaterThan(500)
  return bad
}

describe('G:002 mistakes name the line that made them', () => {
  const stackOf = (mistake: () => void): string => {
    try { mistake() } catch (error) { return (error as Error).stack! }
    throw new Error('that was no mistake')
  }
  it.each<[string, (w: Workbench) => void, string]>([
    ['a routine that is never emitted', function culprit(w) { w.call('gone') }, 'nothing is bound to gone'],
    ['two routines of one name', function culprit(w) { w.fn('twice'); w.fn('twice') }, 'is bound twice'],
    ['two words of one name', function culprit(w) { w.word('twice'); w.word('twice') }, 'is bound twice'],
    ['a routine and a word', function culprit(w) { w.word('twice'); w.fn('twice') }, 'is bound twice'],
    ['a word and a space', function culprit(w) { w.reserve('twice', 4); w.word('twice') }, 'is bound twice'],
  ])('%s', (_name, culprit, problem) => {
    const stack = stackOf(() => {
      const bench = new Workbench(0x1000)
      culprit(bench)
      bench.finish()
    })
    expect(stack).toMatch(/^AssemblyError: /)
    expect(stack.split('\n')[0]).toContain(problem)
    expect(stack.split('\n').slice(1, 6).join('\n')).toContain('culprit')
  })

  it('an address that nobody gave is refused, not 0', () => {
    const program = new Workbench(0x1000).finish()
    expect(() => addressIn(program, 'main_ghost')).toThrow('main_ghost: is nowhere in the program')
  })
})

describe('G:005 the whole dog', () => {
  it('decodes, from every routine on, to instructions that exist', () => {
    const { origin, bytes, symbols } = assembleKernel()
    const end = symbols.get('text_end')!
    const entries = [...symbols].filter(([name, at]) =>
      at < end && name !== 'text_start').map(([, at]) => at)
    expect(badInstructions(bytes, origin, entries)).toEqual([])
  })

  it('and so do its programs', () => {
    const { origin, bytes, symbols } = assemblePrograms()
    const end = symbols.get('text_end')!
    const entries = [...symbols.values()].filter((at) => at < end)
    expect(badInstructions(bytes, origin, entries)).toEqual([])
  })

  it('fits below its programs and above the boot page', () => {
    const { symbols } = assembleKernel()
    expect(symbols.get('image_end')!).toBeLessThan(0xc0200000)
    expect(symbols.get('lguest_data')! % 4096).toBe(0)
    expect(symbols.get('kernel_directory')! % 4096).toBe(0)
  })
})

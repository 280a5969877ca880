/**
 * Neighbours that do their worst, by what they try to use up (H:700). Each
 * is a case whose only step never ends.
 */
import { callNumber } from '../generated/abi/common.ts'
import type { CallName } from '../generated/abi/common.ts'
import { eraA } from '../generated/abi/era-a.ts'
import { eraB3 } from '../generated/abi/era-b3.ts'
import { Assembler, eax, ebx, ecx, edi, mem } from '../generated/assembler/index.ts'
import type { Case, Step } from './case.ts'
import { DISK_BYTES, ENTRIES, ringsBehind } from './edges/devices.ts'
import { bytesOf, callCode, storesCode, word } from './machine-code.ts'
import { COUNTER, DATA, LEAF, PAGE_OFFSET, RAM, SHARED } from './places.ts'
import { hexOf } from './values.ts'

/** Where it has DMA records, page directories behind each other, and code that is too long for a step. */
const [RECORDS, DIRECTORIES, LONG] = [0x30000, 0x40000, 0x50000]
/** Stores that fit into a step. */
const TOGETHER = 11

/** Whatever traps next leads to the first step again. */
const ANEW = storesCode([[PAGE_OFFSET + COUNTER, 0xffffffff]])

/** What runs out, and who would use it up, in how many words. */
export const storms: Record<string, Record<string, Case>> = {
  time: {
    'goes round and round': storm('ebfe'),
    'asks the Host without end': storm(forEver((a) => hypercall(a, 'FLUSH_ASYNC'))),
    'fills the ring again and again': storm('c6051440000000b800000000cd1febf0'),
    'flushes all its tables': storm(forEver((a) => hypercall(a, 'FLUSH_TLB', 1))),
    'copies its memory': storm('fcbe000002c0bf000004c0b900400000f3a5ebec'),
    'rewrites the page it runs in': storm('c605001001c090ebf7'),
    'faults without end': storm(`${ANEW}a100004000`),
    'raises single steps': storm(`${ANEW}9c810c24000100009d90`),
    'computes sines': storm('d9ebd9feddd8ebf8'),
  },
  'shadow frames': {
    'has a table in each four megabytes of four directories': storm(greedyForFrames()),
  },
  bindings: {
    'binds and lets go, 65,535 records at a time': storm(forEver((a) => {
      hypercall(a, 'BIND_DMA', SHARED, RECORDS, 0xffff05)
      hypercall(a, 'BIND_DMA', SHARED, RECORDS, 0xffff00)
    })),
    'binds all that it may, and more': storm(forEver((a) => hypercall(a, 'BIND_DMA', SHARED, RECORDS, 0xffff05))),
    'sends to its neighbour without end': storm(forEver((a) => {
      a.mov(mem(PAGE_OFFSET + RECORDS + 4).dword, 0x31000).mov(mem(PAGE_OFFSET + RECORDS + 68).dword, 0x1000)
      hypercall(a, 'SEND_DMA', SHARED, RECORDS)
    })),
  },
  'work waiting': {
    'has its disk read without end': diskStorm(),
  },
}

function storm(code: string, more: Partial<Case> = {}): Case {
  const steps: Step[] = bytesOf(code).length > 100 ? longStep(code) : [['code', code]]
  return { class: 'hypercalls', era: 'A', start: 'two', gates: 'trap', steps, ...more }
}

/** Code that is too long for a step is stored elsewhere, word by word, and jumped to. */
function longStep(code: string): Step[] {
  const bytes = [...bytesOf(code), 0, 0, 0]
  const words = Array.from({ length: bytes.length >> 2 }, (_, i) =>
    [PAGE_OFFSET + LONG + i * 4, bytes[i * 4] | bytes[i * 4 + 1] << 8 | bytes[i * 4 + 2] << 16 | bytes[i * 4 + 3] << 24])
  return [...stored(words), ['code', hexOf([0xb8, ...word(PAGE_OFFSET + LONG), 0xff, 0xe0])]]
}

function stored(words: readonly (readonly number[])[]): Step[] {
  return Array.from({ length: Math.ceil(words.length / TOGETHER) }, (_, i): Step =>
    ['code', storesCode(words.slice(i * TOGETHER, (i + 1) * TOGETHER))])
}

function hypercall(a: Assembler, name: CallName, ...args: number[]): void {
  a.db(Uint8Array.from(callCode(eraA, callNumber(eraA, name), args)))
}

function forEver(body: (a: Assembler) => void): string {
  const a = new Assembler(0)
  const again = a.here()
  body(a)
  a.jmp(again)
  return hexOf([...a.assemble().bytes])
}

/** Four directories whose every entry leads to the one table; all are used, in turn, everywhere. */
function greedyForFrames(): string {
  const a = new Assembler(0)
  a.mov(edi, PAGE_OFFSET + DIRECTORIES).mov(eax, LEAF | 0x67).mov(ecx, 4 * 1024).db(Uint8Array.of(0xfc, 0xf3, 0xab))
  const again = a.here()
  for (let directory = 0; directory < 4; directory++) {
    hypercall(a, 'NEW_PGTABLE', DIRECTORIES + directory * 4096)
    a.mov(ebx, 0)
    const next = a.here()
    a.mov(eax, mem(ebx, DATA)).add(ebx, 1 << 22).cmp(ebx, 0xff800000).jne(next)
  }
  a.jmp(again)
  return hexOf([...a.assemble().bytes])
}

/** One request for all of the disk, eight times in a row, and told of without end. */
function diskStorm(): Case {
  const [ring] = ringsBehind(RAM)
  const available = ring + ENTRIES.usual * 16
  const descriptors = [[0x31000, 16, 1 | 1 << 16], [0x32000, DISK_BYTES, 3 | 2 << 16], [0x31100, 1, 2]]
  const words = descriptors.flatMap(([address, length, flags], i) =>
    [[ring + i * 16, address], [ring + i * 16 + 8, length], [ring + i * 16 + 12, flags]])
  const a = new Assembler(0)
  const again = a.here()
  a.add(mem(PAGE_OFFSET + available).dword, 8 << 16)
  a.db(Uint8Array.from(callCode(eraB3, callNumber(eraB3, 'NOTIFY'), [ring]))).jmp(again)
  const steps: Step[] = [...stored(words.map(([at, value]) => [PAGE_OFFSET + at, value])), ['code', ANEW + hexOf([...a.assemble().bytes])]]
  return { ...storm(''), era: 'B3', devices: true, steps }
}

/** Steps as machine code: only what the fuzzer needs, and fast. */
import type { Era } from '../generated/abi/common.ts'
import type { Case, Step } from './case.ts'
import {
  DATA, GDT, HANDLER, MOST_STEPS, PAGE_OFFSET, STEP, STEPS, USER_STACK, USER_STEPS,
} from './places.ts'

const REGISTERS = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi']

export function word(value: number): number[] {
  return [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24]
}

const move = (register: number, value: number) => [0xb8 + register, ...word(value)]
const push = (value: number) => [0x68, ...word(value)]
/** MOV dword [address], value. */
const store = (address: number, value: number) => [0xc7, 5, ...word(address), ...word(value)]

/** Stores words to addresses, one after the other: as hexadecimal code for a step. */
export function storesCode(words: readonly (readonly number[])[]): string {
  const bytes = words.flatMap(([address, value]) => store(address, value))
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

const INT_1F = [0xcd, 0x1f]
const VMCALL = [0x0f, 0x01, 0xc1]

/** A hypercall with these arguments. */
export function callCode(era: Era, number: number, args: readonly number[]): number[] {
  const { hypercall } = era
  const code = hypercall.arguments.flatMap((name, i) => move(REGISTERS.indexOf(name), args[i] ?? 0))
  const door = hypercall.byVmcall ? VMCALL : INT_1F
  return [...code, ...move(REGISTERS.indexOf(hypercall.number), number), ...door]
}

export function bytesOf(hex: string): number[] {
  return Array.from({ length: hex.length / 2 }, (_, i) => parseInt(hex.slice(i * 2, i * 2 + 2), 16))
}

/** Where kernel addresses begin for the Guest of this case. */
export function baseOf({ start }: Case): number {
  return start === 'linear' ? 0 : PAGE_OFFSET
}

/** Writes the steps of one Guest as the two pages of code they become. */
export class StepWriter {
  readonly ring1 = new Uint8Array(MOST_STEPS * STEP).fill(0x90)
  readonly ring3 = new Uint8Array(MOST_STEPS * STEP).fill(0x90)
  count = 0
  readonly #era: Era
  readonly #base: number
  #registers: number[] = []

  constructor(era: Era, base: number) {
    this.#era = era
    this.#base = base
  }

  /** Adds a step; the Launcher's are not for us. */
  add(step: Step): void {
    if (step[0] === 'registers') {
      const [, ...values] = step as ['registers', ...number[]]
      this.#registers = values.flatMap((value, i) => move(i, value))
      return
    }
    const code = this.#lower(step)
    if (code === null || this.count >= MOST_STEPS) return
    this.#place(this.ring1, this.#base + STEPS, [...this.#registers, ...code])
    this.#registers = []
    this.count++
  }

  /** Code of a step, and a jump to the handler behind it. */
  #place(page: Uint8Array, origin: number, code: readonly number[]): void {
    const at = this.count * STEP
    const cut = code.slice(0, STEP - 5)
    const end = at + cut.length
    page.set(cut, at)
    page.set([0xe9, ...word(this.#base + HANDLER - (origin + end + 5))], end)
  }

  #lower(step: Step): number[] | null {
    switch (step[0]) {
      case 'call': return callCode(this.#era, step[1], step.slice(2) as number[])
      case 'ring': return this.#ring(step[1], step[2], step.slice(3) as number[])
      case 'store': return store(step[1], step[2])
      case 'load': return [0xa1, ...word(step[1])]
      case 'code': return bytesOf(step[1])
      case 'user': return this.#user(bytesOf(step[1]))
      case 'iret': return [...step.slice(1).reverse().flatMap((n) => push(n as number)), 0xcf]
      case 'segment': return [0x66, 0xb8, step[2] & 255, (step[2] >>> 8) & 255, 0x8e, 0xc0 | (step[1] % 6) << 3]
      case 'descriptor': return this.#descriptor(step[1], step[2], step[3])
      default: return null
    }
  }

  #ring(slot: number, number: number, args: readonly number[]): number[] {
    const { hypercall, data } = this.#era
    const at = this.#base + DATA + data.hcalls + slot % hypercall.ringSlots * hypercall.slotSize
    const code = hypercall.slotArguments.flatMap((offset, i) => store(at + offset, args[i] ?? 0))
    const status = this.#base + DATA + data.hcallStatus + slot % hypercall.ringSlots
    return [...code, ...store(at + hypercall.slotNumber, number), 0xc6, 5, ...word(status), 0]
  }

  /** Down to ring 3, where the code stands in a page of its own. */
  #user(code: readonly number[]): number[] {
    this.#place(this.ring3, this.#base + USER_STEPS, [...code, 0xcd, 0x80])
    return [
      ...[0x66, 0xb8, 0x7b, 0, 0x8e, 0xd8, 0x8e, 0xc0],
      ...push(0x7b), ...push(this.#base + USER_STACK), ...push(0x202), ...push(0x73),
      ...push(this.#base + USER_STEPS + this.count * STEP), 0xcf,
    ]
  }

  #descriptor(entry: number, low: number, high: number): number[] {
    const { calls } = this.#era
    const single = calls.indexOf('LOAD_GDT_ENTRY')
    if (single >= 0) return callCode(this.#era, single, [entry, low, high])
    const at = this.#base + GDT + entry % 32 * 8
    return [...store(at, low), ...store(at + 4, high), ...callCode(this.#era, calls.indexOf('LOAD_GDT'), [GDT, 32])]
  }
}

/** A second vector for system calls: asked for, refused, used, given back. */
import { describe, expect, test } from 'vitest'
import { eraB3 } from '../../generated/abi/era-b3.ts'
import { EBUSY } from '../../generated/abi/errno.ts'
import { Machine } from '../../generated/emulator/index.ts'
import { InstructionClock } from '../../generated/host/clock.ts'
import { Host, HostError } from '../../generated/host/host.ts'
import { eax, mem } from '../../generated/assembler/index.ts'
import { DATA, LateGuest } from '../D-devices/late-guest.ts'
import { reserveSyscall } from '../../generated/host/syscall-vectors.ts'
import { loadAndEnterRing3 } from './second-vector.ts'

const machine = () => new Machine({ ramBytes: 32 << 20, deterministic: true, retainContexts: true })
const start = (on: Machine, syscallVector?: number) => new Host(on, { clock: new InstructionClock(on.cpu), syscallVector })

describe('H:255', () => {
  test('128 is always allowed, one more may be chosen (B-T-027)', () => {
    expect(start(machine()).syscallVectors).toEqual([128])
    expect(start(machine(), 128).syscallVectors).toEqual([128])
    expect(start(machine(), 64).syscallVectors).toEqual([128, 64])
  })

  test('one that is in use is EBUSY; unloading gives it back (B-T-029)', () => {
    const one = machine()
    for (const vector of [0, 31, 32, 256, -1, 40.5]) {
      expect(() => start(one, vector)).toThrow(new HostError(EBUSY, `lg: couldn't reserve syscall ${vector}`))
    }
    const first = start(one, 64)
    expect(() => start(one, 64)).toThrow("lg: couldn't reserve syscall 64")
    first.exit()
    expect(reserveSyscall(one, 64)).toEqual([128, 64])
  })

  test('a Guest that wishes for one that is not allowed is refused (B-T-028)', () => {
    const wishing = (vector: number, allowed?: number) => {
      const guest = new LateGuest((k) => { k.mov(eax, mem(DATA)); k.hcall('HALT') }, eraB3,
        { syscallVector: allowed, before: (mm) => mm.write32(DATA + eraB3.data.syscallVector!, vector) })
      return guest.pending()
    }
    expect(wishing(128)).toBe('halted')
    expect(wishing(64)).toBe('bad syscall vector')
    expect(wishing(64, 64)).toBe('halted')
    expect(wishing(128, 64)).toBe('halted')
    expect(wishing(65, 64)).toBe('bad syscall vector')
  })

  test('a program reaches its kernel by it, past the Host if the gate is a trap gate', () => {
    expect(loadAndEnterRing3(64, 0xf)).toEqual({ reached: 'halted', hostSaw: false })
    expect(loadAndEnterRing3(64, 0xe)).toEqual({ reached: 'halted', hostSaw: true })
  })
})

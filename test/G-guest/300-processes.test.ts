import { describe, expect, it } from 'vitest'
import { PROCESS_SIZE, proc, state } from '../../generated/puppy/kernel/processes.ts'
import { BareKernel, lines, session } from '../support/puppy.ts'

const line = (bare: BareKernel, i: number): number => bare.at('processes') + i * PROCESS_SIZE

describe('G:301 a line in a table', () => {
  it('has a stack of its own, a hole below each', () => {
    const bare = new BareKernel()
    bare.call('processes_init')
    const tops = Array.from({ length: 16 }, (_, i) => bare.read(line(bare, i) + proc.stackTop))
    tops.forEach((top, i) => expect(top).toBe(bare.at('kernel_stacks') + 8192 * (i + 1)))
  })

  it('is found free, gets a new pid, and sixteen are all', () => {
    const bare = new BareKernel()
    const found = Array.from({ length: 16 }, () => bare.call('process_alloc').eax)
    expect(new Set(found).size).toBe(16)
    expect(found.map((at) => bare.read(at + proc.pid))).toEqual(
      Array.from({ length: 16 }, (_, i) => i + 1))
    expect(bare.call('process_alloc').eax).toBe(0)
  })
})

describe('G:304 sleeping and waking', () => {
  it('wakes those who sleep on that address, and nobody else', () => {
    const bare = new BareKernel()
    for (const [i, channel] of [0x10, 0x20, 0x10].entries()) {
      bare.write(line(bare, i) + proc.state, state.sleeping)
      bare.write(line(bare, i) + proc.channel, channel)
    }
    bare.call('wake', { eax: 0x10 })
    expect([0, 1, 2].map((i) => bare.read(line(bare, i) + proc.state)))
      .toEqual([state.runnable, state.sleeping, state.runnable])
  })
})

describe('G:305 turns', () => {
  it('two busy programs share the time, and neither asks for it', async () => {
    const { out } = await session(['spin 400 &\nspin 400\n', ...lines('sleep 100')])
    const counts = [...out.matchAll(/counted to (\d+) thousand/g)].map((m) => Number(m[1]))
    expect(counts).toHaveLength(2)
    const [alone] = [...(await session(lines('spin 400'))).out.matchAll(/counted to (\d+)/g)].map((m) => Number(m[1]))
    expect(counts[0] + counts[1]).toBeGreaterThan(alone * 0.7)
    expect(Math.max(...counts)).toBeLessThan(alone * 0.8)
  })

  it('a group is killed whole', () => {
    const bare = new BareKernel()
    const groups = [7, 9, 7]
    groups.forEach((group, i) => {
      bare.write(line(bare, i) + proc.state, state.sleeping)
      bare.write(line(bare, i) + proc.group, group)
    })
    expect(bare.call('kill_group', { eax: 7 }).eax).toBe(2)
    expect(groups.map((_, i) => bare.read(line(bare, i) + proc.killed))).toEqual([1, 0, 1])
    expect(bare.read(line(bare, 0) + proc.state)).toBe(state.runnable)
  })
})

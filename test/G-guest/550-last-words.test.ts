import { describe, expect, it } from 'vitest'
import { crashKinds } from '../../generated/puppy/calls.ts'
import type { CrashKind } from '../../generated/puppy/calls.ts'
import { BareKernel, lines, session } from '../support/puppy.ts'

const line = (bare: BareKernel): string => Buffer.from(bare.machine.physical.readBytes(
  bare.at('line') - 0xc0000000, bare.get('line_length'))).toString('latin1')

describe('G:551 a line to write on', () => {
  it('takes text and numbers', () => {
    const bare = new BareKernel()
    bare.call('say_char', { edx: 'n'.charCodeAt(0) })
    bare.call('say_decimal', { eax: 4294967295 })
    bare.call('say_hex', { eax: 0xc01beef0 })
    bare.call('say_decimal', { eax: 0 })
    expect(line(bare)).toBe('n42949672950xc01beef00')
  })

  it('keeps all registers', () => {
    const bare = new BareKernel()
    const given = { eax: 1, ecx: 2, edx: 3, ebx: 4, ebp: 5, esi: 6, edi: 7 }
    expect(bare.call('say_hex', given)).toMatchObject(given)
  })

  it('is cut at its end', () => {
    const bare = new BareKernel()
    for (let i = 0; i < 300; i++) bare.call('say_char', { edx: 65 })
    expect(bare.get('line_length')).toBe(255)
  })
})

describe('G:553 off, and on again', () => {
  it('halt is a death with status 0', async () => {
    expect(await session(lines('halt'))).toMatchObject({ status: 0, err: [] })
  })

  it('reboot starts again', async () => {
    const { out, status } = await session(lines('echo before', 'reboot', 'echo after'))
    expect(out.match(/Puppy wakes in ring 1/g)).toHaveLength(2)
    expect(out).toMatch(/before[^]*See you in a moment[^]*wakes[^]*after/)
    expect(status).toBe(0)
  })
})

describe('G:554 crashing on purpose: what the Host says', () => {
  const says: Record<CrashKind, RegExp> = {
    'panic': /^lguest: CRASH: Puppy panics: because somebody asked$/,
    'page-fault': /^lguest: unhandled trap 14 at 0xc01[0-9a-f]+ \(0xfe000000\)$/,
    'divide': /^lguest: unhandled trap 0 at 0xc01[0-9a-f]+ \(0\)$/,
    'invalid-opcode': /^lguest: unhandled trap 6 at 0xc01[0-9a-f]+ \(0\)$/,
    'privileged': /^lguest: unhandled trap 13 at 0xc01[0-9a-f]+ \(0\)$/,
    'hypercall': /^lguest: Bad hypercall 11$/,
    'page-table': /^lguest: bad page table entry$/,
    'stack': /^lguest: bad stack segment 104$/,
    'stack-overflow': /^lguest: .*(address|stack)/,
  }

  it.each(crashKinds)('%s', async (kind) => {
    const { status, err } = await session(lines(`crash ${kind}`))
    expect(err.join('\n').trim()).toMatch(says[kind])
    expect(status).toBe(1)
  })

  it('an unknown kind only lists the kinds', async () => {
    const { answers, status } = await session(lines('crash course'))
    expect(answers[0]).toBe(`kinds: ${crashKinds.join(', ')}\n`)
    expect(status).toBe(0)
  })
})

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { LgCpu } from '../../generated/host/lg.ts'
import type { Plan } from '../../generated/launcher/plan.ts'
import { observersOf } from '../../generated/launcher/observers.ts'
import { Stats, statsTable } from '../../generated/launcher/stats.ts'
import { tracer } from '../../generated/launcher/trace.ts'
import { makeGuest, makeWorld } from '../H-host/guest-world.ts'
import { FakePlatform } from '../L-launcher/fakes.ts'
import { lines, session } from '../support/puppy.ts'

const cpu = (registers: Record<string, number>, faultAddress = 0) => ({
  reg: (name: string) => registers[name] ?? 0, faultAddress, lg: makeGuest(makeWorld(), 16).lg,
}) as unknown as LgCpu
const nobody = cpu({})
const translation = { regions: 2, made: 3, modules: 1, bytes: 5000, spent: 12.3, longest: 12.3,
  exits: { 'read missed': 4, 'slice ends': 7, 'rare case': 0 } }

describe('D:300 statistics', () => {
  it('count worlds, traps, calls, interrupts and time', () => {
    let now = 0
    const stats = new Stats(() => now)
    const guest = makeGuest(makeWorld(), 16).lg
    for (let i = 0; i < 3; i++) {
      stats.entering(guest.cpu)
      now += 1_000_000
      stats.left()
      now += 500_000
    }
    stats.trap(nobody, 14, true)
    stats.trap(nobody, 14, false)
    stats.trap(nobody, 32, true)
    for (let i = 0; i < 1234; i++) stats.hypercall(nobody, 'SET_PTE')
    stats.hypercall(nobody, null)
    stats.interrupt(nobody, 0)
    guest.task.account.slice = 500
    guest.task.account.charge('guest', 1000)
    guest.task.account.charge('host', 300)
    for (let turn = 0; turn < 3; turn++) guest.task.account.renew()
    guest.task.account.charge('launcher', 200)
    guest.mostBound = 5
    Object.assign(guest.shadows, { most: 45, takenBack: 6 })
    const table = statsTable(stats,
      { instructions: 6_000_000, elapsed: 5e6, asleep: 1e6, translation })
    expect(table).toEqual([
      'elapsed                          5.000 s',
      '  in the Guest                   3.000 s',
      '  in Host and Launcher           1.000 s',
      '  asleep                         1.000 s',
      'instructions                   6,000,000  '
        + '2.0 million a second in the Guest',
      'regions in use                         2  5,000 bytes; 3 made',
      '  modules compiled                     1  12 ms, the longest pause 12.3 ms',
      'regions left                          11',
      '  slice ends                           7',
      '  read missed                          4',
      'world switches                         3',
      'hypercalls                         1,235',
      '  SET_PTE                          1,234',
      '  unknown                              1',
      'traps                                  3',
      '  page fault                           2  1 settled, 1 reflected',
      '  end of a slice                       1  all settled by the Host',
      'interrupts delivered                   1',
      '  irq 0                                1',
      'work charged                       1,500',
      '  of the Guest                     1,000',
      '  of the Host                        300',
      '  of the Launcher                    200',
      'turns                                  3  2 to pay what was owed',
      'owed, at most                      1,300  units, for work begun in a turn',
      'shadow frames, at most                45  sure of 119; 6 tables taken back',
      'arrays bound, at most                  5  of 32',
    ])
  })
})

describe('D:310 the trace', () => {
  it('tells each event in a line', () => {
    const lines: string[] = []
    const trace = tracer(() => 1234, (line) => lines.push(line))
    trace.trap(cpu({ eip: 0xc0100000, errcode: 6 }, 0x8048000), 14, false)
    trace.trap(cpu({ eip: 0xc0100000, errcode: 0x10 }), 13, true)
    trace.trap(cpu({ eip: 0xc0100000 }), 32, true)
    trace.trap(nobody, 31, true)
    trace.hypercall(nobody, 'SET_PTE', [0x1000, 0x2000, 7])
    trace.hypercall(nobody, null, [1])
    trace.interrupt(nobody, 4)
    expect(lines).toEqual([
      '        1234  trap  page fault at 0xc0100000, address 0x8048000 '
        + '(user write not present): reflected',
      '        1234  trap  general protection at 0xc0100000, code 0x10: '
        + 'settled',
      '        1234  trap  end of a slice at 0xc0100000: settled',
      '        1234  call  SET_PTE(0x1000, 0x2000, 0x7)',
      '        1234  call  unknown(0x1)',
      '        1234  irq   4',
    ])
  })
})

describe('D:310 the trace in the chapter', () => {
  /** Addresses and counts change with every edit of Puppy; what is said of them does not. */
  const form = (line: string) => line.replace(/0x[0-9a-f]+|\d+/g, '#').replace(/\s+/g, ' ').trim()

  it('says what a run says', async () => {
    const chapter = readFileSync(
      new URL('../../journey/D-devices/300-watching-a-guest.md', import.meta.url), 'utf8')
    const [, shown] = /^```text\n( +\d+  call[^]*?)^```/m.exec(chapter)!
    const { err } = await session(lines('halt'), ['--trace'])
    const said = new Set(err.map(form))
    const told = shown.trimEnd().replace(/\n {20}/g, ' ').split('\n').map(form)
    expect(told.length).toBeGreaterThan(3)
    expect(told.filter((line) => !said.has(line))).toEqual([])
  })
})

describe('D:300 observers', () => {
  const make = (stats: boolean, trace: boolean) => {
    const platform = new FakePlatform()
    const observers = observersOf({ stats, trace } as Plan,
      { instructions: 7, translation }, platform)
    return { platform, observers }
  }

  it('are none unless asked for', () => {
    const { observers, platform } = make(false, false)
    expect(observers.all).toBeUndefined()
    observers.report()
    expect(platform.err).toEqual([])
  })

  it('are both if both are asked for', () => {
    const { observers, platform } = make(true, true)
    observers.all!.entering(nobody)
    observers.all!.left(nobody)
    observers.all!.trap(nobody, 14, true)
    observers.all!.hypercall(nobody, 'HALT', [])
    observers.all!.interrupt(nobody, 0)
    expect(platform.err.length).toBe(3)
    observers.report()
    expect(platform.err.join('\n')).toMatch(/world switches +1\n/)
  })
})

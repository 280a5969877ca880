import { describe, expect, it } from 'vitest'
import { LHREQ_BREAK } from '../../generated/abi/common.ts'
import {
  EAGAIN, EINVAL, ENOENT, ERESTART,
} from '../../generated/abi/errno.ts'
import { InstructionClock } from '../../generated/host/clock.ts'
import { setupConsole, wayOut } from '../../generated/launcher/console.ts'
import { handleInput } from '../../generated/launcher/dispatch.ts'
import { Farewell } from '../../generated/launcher/farewell.ts'
import { DeviceTable } from '../../generated/launcher/devices.ts'
import { countedPace, realPace } from '../../generated/launcher/pace.ts'
import { runGuest } from '../../generated/launcher/run.ts'
import { breakGround, furnish } from '../../generated/launcher/launch.ts'
import { NodePlatform } from '../../generated/launcher/node/platform.ts'
import { PUPPY } from '../../generated/launcher/plan.ts'
import { Waker } from '../../generated/launcher/waker.ts'
import { bytes, fakeGuest, FakePlatform, putDma, SLICE } from './fakes.ts'

function fixture(...results: unknown[]) {
  const fake = fakeGuest()
  const platform = new FakePlatform()
  const devices = new DeviceTable(fake.memory, platform.complain)
  setupConsole(devices, platform, wayOut(platform, () => { throw new Farewell('left', 2); }))
  fake.device.results.push(...results as typeof fake.device.results)
  const waker = new Waker(fake.guest, devices.inputs, platform)
  const pace = realPace(fake.guest, devices.inputs, waker, platform)
  const run = () => runGuest(fake.guest, devices, waker, pace)
  return { ...fake, platform, devices, run }
}
const error = (errno: number) => ({ kind: 'error', errno })
const died = (reason: string) => [error(ENOENT), { reason }]

describe('L:220 a world that repeats', () => {
  it('gives devices the same chances in each run, and others otherwise', async () => {
    const draw = async (deterministic: boolean) => {
      const [plan, platform] = [{ ...PUPPY, memory: 2 << 20, deterministic }, new NodePlatform()]
      const { dice } = furnish(await breakGround(plan, platform), plan, platform, () => {})
      const drawn = new Uint8Array(64)
      dice.random(drawn)
      return drawn
    }
    const [one, other] = [await draw(true), await draw(true)]
    expect(one).toEqual(other)
    expect(new Set(one).size).toBeGreaterThan(32)
    expect(await draw(false)).not.toEqual(await draw(false))
  })
})

describe('L:220 the run loop', () => {
  it('hands output to its device and reads on (B-L-125)', async () => {
    const { run, memory, platform } = fixture(
      { words: [0x3000, 0] }, { words: [0x3000, 0] }, ...died('x'))
    memory.write(0x5000, bytes('hi'))
    putDma(memory, 0x3000, [[0x5000, 2]])
    await expect(run()).rejects.toThrow('x')
    expect(platform.out).toBe('hihi')
  })

  it('tells why a Guest died, status 1 (B-L-126, B-L-130)', async () => {
    const { run } = fixture(...died('bad stack segment 3'))
    await expect(run()).rejects.toMatchObject(
      { message: 'bad stack segment 3', status: 1 })
  })

  it('prints nothing unprintable', async () => {
    const { run } = fixture(...died('CRASH: \x1b[2J\nline two\x07'))
    await expect(run()).rejects.toThrow('CRASH: ?[2J line two?')
    const long = fixture(...died('y'.repeat(5000)))
    await expect(long.run()).rejects.toMatchObject(
      { message: 'y'.repeat(1023) })
  })

  it('takes "Power down" for a good end (X-36)', async () => {
    expect(await fixture(...died('CRASH: Power down')).run())
      .toBe('power off')
    expect(await fixture(...died('CRASH: Power down\n')).run())
      .toBe('power off')
  })

  it('boots again when asked (X-37)', async () => {
    expect(await fixture(error(ERESTART)).run()).toBe('restart')
  })

  it('serves inputs at EAGAIN, then BREAK 0 (B-L-127)', async () => {
    const { run, device, platform, memory } = fixture(
      error(EAGAIN), error(ERESTART))
    putDma(memory, 0x3000, [[0x5000, 8]])
    device.bound.set(0, { records: [0x3000], irq: 1 })
    platform.console.type('key')
    await run()
    expect(memory.read32(0x3000)).toBe(3)
    expect(device.written.at(-1)).toEqual([LHREQ_BREAK, 0])
  })

  it('is broken out of when input waits after a slice', async () => {
    const { run, device, platform } = fixture(
      { kind: 'again' }, error(EAGAIN), error(ERESTART))
    platform.console.type('key')
    await run()
    expect(device.sent(LHREQ_BREAK)).toEqual([[1], [0]])
  })

  it('sleeps while the Guest is halted', async () => {
    const { run, platform } = fixture(
      { kind: 'halted', until: 1e6 + 3000 }, error(ERESTART))
    const end = run()
    await Promise.resolve()
    expect(platform.timers.map((t) => t.at)).toEqual([1e6 + 3000])
    platform.timers[0].callback()
    expect(await end).toBe('restart')
  })

  it('breathes when work has used up the turn, and lets keys in', async () => {
    const { run, device, memory, platform, guest } = fixture(
      ...new Array(1000).fill({ words: [0x3000, 0] }), error(ERESTART))
    memory.write(0x5000, bytes('x'))
    putDma(memory, 0x3000, [[0x5000, 1]])
    let breaths = 0
    platform.breathe = async () => { if (++breaths === 2) platform.console.type('\x03\x03\x03') }
    await expect(run()).rejects.toThrow('left')
    expect(breaths).toBe(2)
    expect(platform.out.length).toBeLessThan(3 * guest.account.slice / 500)
    expect(device.results.length).toBeGreaterThan(500)
  })

  it('does a long piece of work in turns, with three ^C in between', async () => {
    const { run, devices, platform } = fixture({ words: [0x3000, 4] })
    let pieces = 0
    devices.serve = function* () { for (;;) { pieces++; yield SLICE / 10; } }
    let breaths = 0
    platform.breathe = async () => { if (++breaths === 5) platform.console.type('\x03\x03\x03') }
    await expect(run()).rejects.toThrow('left')
    expect([breaths, pieces]).toEqual([5, 50])
  })

  it('pays in turns for a piece that was longer than one', async () => {
    const { run, devices, platform, guest } = fixture({ words: [0x3000, 4] }, error(ERESTART))
    devices.serve = function* () { yield SLICE * 3.5; }
    let breaths = 0
    platform.breathe = async () => { breaths++ }
    await run()
    expect([breaths, guest.account.turns, guest.account.forfeited]).toEqual([3, 4, 2])
  })

  it('a Guest that halts and is due at once gives the thread away', async () => {
    const { run, platform } = fixture(...new Array(50).fill({ kind: 'halted', until: 1e6 }), error(ERESTART))
    let breaths = 0
    platform.breathe = async () => { breaths++ }
    await run()
    expect(breaths).toBe(50)
  })

  it('input without end stops at the end of a turn', () => {
    const { guest, devices } = fixture()
    let handled = 0
    devices.inputs.add({ ready: () => true, handle: () => ++handled > 0 })
    handleInput(guest, devices)
    expect(handled).toBe(SLICE / 500)
    guest.account.renew()
    handleInput(guest, devices)
    expect(handled).toBe(2 * SLICE / 500)
  })

  it('counts ^C over any number of boots', async () => {
    const platform = new FakePlatform()
    const typed = wayOut(platform, () => { throw new Farewell('left', 2); })
    const boot = async () => {
      const { guest, memory, device } = fakeGuest()
      const devices = new DeviceTable(memory, () => {})
      setupConsole(devices, platform, typed)
      device.results.push({ kind: 'error', errno: EAGAIN }, { kind: 'error', errno: ERESTART })
      const waker = new Waker(guest, devices.inputs, platform)
      const ending = await runGuest(guest, devices, waker, realPace(guest, devices.inputs, waker, platform))
      expect(device.sent(LHREQ_BREAK)).toEqual([[1], [0]])
      return ending
    }
    for (let i = 0; i < 2; i++) {
      platform.console.type('\x03')
      expect(await boot()).toBe('restart')
    }
    platform.console.type('\x03')
    await expect(boot()).rejects.toThrow('left')
  })

  it('ends at any other error (B-L-128)', async () => {
    await expect(fixture(error(EINVAL)).run()).rejects.toThrow(
      'Running guest failed')
  })
})

describe('L:220 counted time', () => {
  const counted = (pipe: boolean) => {
    const fake = fakeGuest()
    const platform = new FakePlatform()
    platform.console.isTerminal = !pipe
    const devices = new DeviceTable(fake.memory, platform.complain)
    setupConsole(devices, platform, () => {})
    putDma(fake.memory, 0x3000, [[0x5000, 8]])
    fake.device.bound.set(0, { records: [0x3000], irq: 1 })
    const waker = new Waker(fake.guest, devices.inputs, platform)
    const clock = new InstructionClock({ instructions: 1000 }, 100)
    const pace = countedPace(fake.guest, devices.inputs, waker, platform,
      clock)
    return { ...fake, platform, waker, clock, pace }
  }

  it('waits for a pipe, and no Guest time passes', async () => {
    const { pace, platform, waker, clock } = counted(true)
    const idle = pace.idle(5000)
    expect(platform.console.requests).toBe(1)
    platform.console.type('x')
    await idle
    expect(waker.shouted).toBe(true)
    expect(clock.now()).toBe(10)
  })

  it('moves the hands when nothing is to come', async () => {
    const { pace, platform, device, clock } = counted(true)
    device.bound.clear()
    await pace.idle(5000)
    expect(clock.now()).toBe(5000)
    expect(platform.timers).toEqual([])
  })

  it('gives a person time', async () => {
    const { pace, platform, clock } = counted(false)
    const idle = pace.idle(5010)
    await Promise.resolve()
    expect(platform.timers[0].at).toBe(platform.time + 5000)
    platform.timers[0].callback()
    await idle
    expect(clock.now()).toBe(5010)
  })

  it('gives the thread away even when only the hands move', async () => {
    const { pace, platform, device } = counted(true)
    device.bound.clear()
    let breaths = 0
    platform.breathe = async () => { breaths++ }
    for (let i = 1; i <= 20; i++) await pace.idle(10 + i)
    expect(breaths).toBe(20)
  })

  it('lets a person go, whatever the Guest does', async () => {
    const { pace, platform } = counted(false)
    for (const keys of ['\x03\x03', 'x', '\x03', '\x03']) {
      platform.console.type(keys)
      await pace.breathe()
    }
    platform.console.type('\x03')
    await expect(pace.breathe()).rejects.toMatchObject({ status: 2 })
    const pipe = counted(true)
    pipe.platform.console.type('\x03\x03\x03')
    await pipe.pace.breathe()
  })

  it('takes no input while the Guest is busy', async () => {
    const { pace, platform, waker } = counted(false)
    platform.console.type('x')
    await pace.breathe()
    expect(waker.shouted).toBe(false)
  })
})

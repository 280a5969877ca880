/**
 * Puppy on a machine that compares each remembered translation with a walk
 * of the tables: the Host has told it of every change, or this fails.
 */
import { expect, test } from 'vitest'
import { eraA } from '../../generated/abi/era-a.ts'
import { Machine } from '../../generated/emulator/index.ts'
import { InstructionClock } from '../../generated/host/clock.ts'
import { Host, HOST_AREA } from '../../generated/host/host.ts'
import { LauncherMemory, Task } from '../../generated/host/mm.ts'
import { readArguments } from '../../generated/launcher/arguments.ts'
import type { Plan } from '../../generated/launcher/plan.ts'
import { Cards } from '../../generated/launcher/cards.ts'
import { NetPlaces } from '../../generated/launcher/net-places.ts'
import { BytesFile } from '../../generated/launcher/bytes-file.ts'
import { Guest } from '../../generated/launcher/guest.ts'
import { GuestMemory } from '../../generated/launcher/memory.ts'
import { countedPace } from '../../generated/launcher/pace.ts'
import { prepareWithDma } from '../../generated/launcher/prepare.ts'
import { runGuest } from '../../generated/launcher/run.ts'
import { Waker } from '../../generated/launcher/waker.ts'
import { puppyImage } from '../../generated/puppy/index.ts'
import { FakePlatform } from '../L-launcher/fakes.ts'
import { observersOf } from '../../generated/launcher/observers.ts'

interface Session { out: string; ending: string; instructions: number; host: Host }

/** Puppy from birth to the end of a script, in counted time. */
async function session(script: string, checkTlb: boolean): Promise<Session> {
  const plan = readArguments([]) as Plan
  const platform = new FakePlatform()
  platform.console.isTerminal = false
  platform.console.chunks.push(new TextEncoder().encode(script))
  platform.console.ended = true
  const machine = new Machine({ ramBytes: HOST_AREA + plan.memory + (1 << 20), retainContexts: true, deterministic: true, checkTlb })
  const clock = new InstructionClock(machine.cpu, 100, 0)
  const host = new Host(machine, { clock, random: () => 0.3 })
  const space = new LauncherMemory(host.physical, host.frames)
  const file = host.open(space)
  const guest = new Guest(file, new GuestMemory(space, plan.memory))
  const observers = observersOf(plan, machine.cpu, platform)
  const house = { plan, platform, dice: platform, host, task: new Task('launcher'), clock, cards: new Cards(platform), netPlaces: new NetPlaces(platform, host), observers, verbose: () => {}, typed: () => {} }
  const devices = await prepareWithDma(house, guest, new BytesFile(puppyImage()), eraA)
  const waker = new Waker(guest, devices.inputs, platform)
  const pace = countedPace(guest, devices.inputs, waker, platform, clock)
  const ending = await runGuest(guest, devices, waker, pace)
  guest.close()
  space.unmapAll()
  return { out: platform.out, ending, instructions: machine.cpu.instructions, host }
}

const SCRIPT = 'echo hello | upper\nps\nuptime\noops page-fault\nspin 30\nhalt\n'

test('B-H-007, B-P-001: every translation the machine uses is the tables\' own', async () => {
  const checked = await session(SCRIPT, true)
  expect(checked.out).toContain('HELLO')
  expect(checked.ending).toBe('power off')
  checked.host.exit()
  expect(checked.host.frames.inUse).toBe(0)
}, 120_000)

test('a run in counted time repeats to the instruction', async () => {
  const runs = [await session(SCRIPT, false), await session(SCRIPT, false)]
  expect(runs[0].out).toBe(runs[1].out)
  expect(runs[0].instructions).toBe(runs[1].instructions)
}, 120_000)

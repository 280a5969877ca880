/** Run in a network of its own: opens a tap and asks the kernel behind it. */
import { execFileSync } from 'node:child_process'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { libc } from '../../generated/launcher/node/libc.ts'
import { NodePlatform } from '../../generated/launcher/node/platform.ts'
import type { TapEnds, Wire } from '../../generated/launcher/platform.ts'
import { pause } from '../e2e/launching.ts'

const [kind, wanted] = process.argv.slice(2)
const MAC = [2, 0, 0, 0, 0, 0x15]
const ends: TapEnds = kind === 'bridge' ? { kind: 'tap', bridge: wanted }
  : { kind: 'tap', address: 0x0a050501 }

/** The kernel's answer to "who has 10.5.5.1?", in hexadecimal. */
async function asked(wire: Wire): Promise<string> {
  for (let i = 0; i < 100; i++) {
    wire.send(Uint8Array.of(255, 255, 255, 255, 255, 255, ...MAC, 8, 6,
      0, 1, 8, 0, 6, 4, 0, 1, ...MAC, 10, 5, 5, 2, 0, 0, 0, 0, 0, 0, 10, 5, 5, 1))
    await pause(50)
    for (let frame = wire.receive(); frame; frame = wire.receive()) {
      if (frame[12] === 8 && frame[13] === 6 && frame[21] === 2) {
        return Buffer.from(frame).toString('hex')
      }
    }
  }
  return 'no answer'
}

/** The records that poll is given from now on, held by us only weakly. */
function watchPoll(): WeakRef<Uint8Array>[] {
  const calls = libc()
  const { poll } = calls
  const records: WeakRef<Uint8Array>[] = []
  calls.poll = (fds, ...rest) => {
    records.push(new WeakRef(fds))
    poll(fds, ...rest)
  }
  return records
}

/** Poll writes to its record when it likes: is that still there after the garbage has been taken? */
async function kept(records: WeakRef<Uint8Array>[]): Promise<boolean> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let i = 0; i < 20; i++) {
    await pause(17)
    collect()
    if (records.at(-1)?.deref() === undefined) return false
  }
  return true
}

const hex = (bytes: ArrayLike<number>) => Buffer.from(Array.from(bytes)).toString('hex')
const ip = (...words: string[]) => execFileSync('ip', words, { encoding: 'utf8' })

try {
  const records = kind === 'held' ? watchPoll() : []
  const wire = await new NodePlatform().openWire(ends)
  const answer = await asked(wire)
  const told = { answer, neighbour: hex(wire.neighbour!), links: ip('-br', 'link'), addresses: ip('-br', 'addr') }
  let end = kind === 'held' ? `${await kept(records)}` : ''
  if (kind === 'deleted') {
    let roused = false
    wire.onReady = () => { roused = true; }
    ip('link', 'delete', 'tap0')
    for (let i = 0; i < 100 && !roused; i++) await pause(20)
    try { while (wire.ready()) wire.receive(); } catch (error) { end = String(error); }
  }
  wire.close()
  console.log(JSON.stringify({ ...told, end }))
} catch (error) {
  console.log(JSON.stringify({ error: String(error) }))
}

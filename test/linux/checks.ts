/** What is asked of a Linux that has come up, one thing a check. */
import { execFileSync } from 'node:child_process'
import { pause } from '../e2e/launching.ts'
import type { Session } from './session.ts'
import type { Settings } from './settings.ts'

/** Where a check runs. */
export interface Scene {
  readonly session: Session
  readonly settings: Settings
  readonly megabytes: number
  /** The era's name: what there is depends on it. */
  readonly era: string
  /** How long the boot took. */
  readonly bootSeconds: number
  /** The image behind /dev/vda; null if there is none. */
  readonly disk: string | null
}

/** A check returns what the table shall say, or throws. */
export interface Check {
  readonly name: string
  readonly run: (scene: Scene) => Promise<string>
}

/** Says no, and with what. */
function expect(condition: boolean, found: string): void {
  if (!condition) throw new Error(`found ${JSON.stringify(found)}`)
}

/** A check that runs a command and compares what it prints. */
function prints(name: string, command: string, wanted: RegExp): Check {
  return {
    name,
    run: async ({ session }) => {
      const found = await session.run(command)
      expect(wanted.test(found), found)
      return 'yes'
    },
  }
}

/** Line editing: rubbing out, going left, throwing a line away. */
async function editing({ session }: Scene): Promise<string> {
  session.terminal.type('never run\x15echo abX\x7fc-\x1b[D\x1b[Dz\x05')
  await pause(500)
  const found = await session.run('')
  expect(/abzc-/.test(found), found)
  return 'yes'
}

async function controlC({ session }: Scene): Promise<string> {
  session.terminal.type('sleep 1000\r')
  await pause(1500)
  session.terminal.type('\x03')
  await session.terminal.see('# ', 10)
  return 'yes'
}

/** Bytes that a line discipline would act upon reach a raw reader. */
async function rawBytes({ session }: Scene): Promise<string> {
  const bytes = [1, 4, 0x1a, 0x1c, 0x7f, 0xc3, 0xa9, 0xff, 0, 3]
  session.terminal.type('stty raw -echo; head -c 10 | hexdump -v -e '
    + '\'1/1 "%02x."\'; stty sane; echo\r')
  await pause(1500)
  session.terminal.type(Buffer.from(bytes) as never)
  const wanted = bytes.map((b) => `${b.toString(16).padStart(2, '0')}.`)
  await session.terminal.see(wanted.join(''), 10)
  await session.terminal.see('# ')
  return 'yes'
}

/**
 * Job control, in a shell below the first: Linux does not stop the children
 * of process 1, which is what the first one often is.
 */
async function jobs({ session }: Scene): Promise<string> {
  const { terminal } = session
  terminal.type('sh\r')
  await terminal.see('# ')
  terminal.type('sleep 1000\r')
  await pause(1000)
  terminal.type('\x1a')
  await terminal.see('Stopped', 10)
  expect(/Stopped +sleep 1000/.test(await session.run('jobs')), 'no job')
  terminal.type('fg\r')
  await pause(1000)
  terminal.type('\x03')
  await terminal.see('# ', 10)
  const left = await session.run('sleep 500 & sleep 1; kill %1; wait; jobs')
  expect(!/Running|Stopped/.test(left), left)
  terminal.type('exit\r')
  await terminal.see('# ')
  return 'yes'
}

/**
 * A program that takes a large part of memory and uses all of it, between two
 * that count by the block: `head` and `wc` go byte by byte, for minutes.
 */
async function allocation({ session, megabytes }: Scene): Promise<string> {
  const take = Math.floor(megabytes * 0.6) - 10
  const found = await session.run(`dd if=/dev/zero bs=64k count=${take * 16} 2> /dev/null`
    + ` | tail -c ${take}m | dd of=/dev/null bs=4k 2>&1 | grep out`, 200)
  expect(found.startsWith(`${take * 256}+0 records out`), found)
  return `${take} MB`
}

/**
 * Is the date right, and does a minute last a minute? A kernel sets its clock
 * by whole seconds, and date prints whole seconds: two of three are theirs.
 * And early in its boot, before it has found a better clock, a kernel counts
 * its ticks. On a busy machine ticks come late, and it loses what they are
 * late, which can be half of the boot.
 */
async function clock(
  { session, settings, bootSeconds }: Scene,
): Promise<string> {
  const asked = Date.now() / 1000
  const date = Number(await session.run('date +%s'))
  expect(date - asked < 3 && asked - date < 3 + bootSeconds / 2,
    `${date}, here it is ${asked}`)
  if (settings.clockSeconds === 0) return 'date only'
  const from = await uptime(session)
  await pause(settings.clockSeconds * 1000)
  const to = await uptime(session)
  const watched = to.here - from.here
  const drift = (to.guest - from.guest) / watched - 1
  const open = (from.took + to.took + UPTIME_STEP) / 2 / watched
  const found = `${(drift * 100).toFixed(2)} %`
  expect(Math.abs(drift) < MOST_DRIFT + open, `${found}, known to ${(open * 100).toFixed(2)} %`)
  return found
}

const MOST_DRIFT = 0.001
/** Seconds that /proc/uptime counts in, and how often it is asked for one answer. */
const [UPTIME_STEP, LOOKS] = [0.01, 5]

/** The quickest of some looks: on a busy machine an answer may be long on its way. */
async function uptime(session: Session) {
  const seen = []
  for (let i = 0; i < LOOKS; i++) {
    const before = performance.now() / 1000
    const text = await session.run('cat /proc/uptime')
    const after = performance.now() / 1000
    seen.push({ guest: Number(text.split(' ')[0]), here: (before + after) / 2, took: after - before })
  }
  return seen.sort((a, b) => a.took - b.took)[0]
}

async function sleeping({ session }: Scene): Promise<string> {
  const before = Date.now()
  await session.run('sleep 3')
  const seconds = (Date.now() - before) / 1000
  expect(seconds > 2.9 && seconds < 4.5, `${seconds} s`)
  return `${seconds.toFixed(2)} s`
}

/** The dice of the later eras. */
async function rng({ session, era }: Scene): Promise<string> {
  if (era === 'A' || era === 'B1') return 'none'
  const found = await session.run('head -c 64 /dev/hwrng | wc -c')
  expect(found === '64', found)
  return 'yes'
}

/** Mounts the disk, writes, reads back, unmounts; e2fsck outside agrees. */
async function disk({ session, era, disk: image }: Scene): Promise<string> {
  if (image === null) return 'skipped'
  const device = era === 'A' ? '/dev/lgba' : '/dev/vda'
  const found = await session.run(`mkdir -p /mnt; mount -t ext2 ${device} /mnt`
    + ' && cp -a /bin /mnt/programs && seq 1 30000 > /mnt/numbers && sync'
    + ' && { (echo 3 > /proc/sys/vm/drop_caches) 2> /dev/null; tail -n 1 /mnt/numbers; }'
    + ' && cmp /bin/busybox /mnt/programs/busybox && umount /mnt'
    + ' && echo fine')
  expect(/^30000\nfine$/.test(found), found)
  try {
    execFileSync('e2fsck', ['-fn', image], { encoding: 'utf8', stdio: 'pipe' })
  } catch (error) {
    const { code, stdout } = error as { code?: string; stdout?: string }
    if (code === 'ENOENT') return 'no e2fsck'
    throw new Error(`e2fsck: ${stdout}`)
  }
  return 'clean'
}

export const checks: readonly Check[] = [
  prints('shell', 'echo $((6 * 7))', /^42$/),
  { name: 'editing', run: editing },
  { name: '^C', run: controlC },
  { name: 'raw', run: rawBytes },
  { name: 'jobs', run: jobs },
  prints('pipes', 'seq 1 20000 | sort -rn | head -n 1', /^20000$/),
  { name: 'memory', run: allocation },
  { name: 'sleep', run: sleeping },
  { name: 'rng', run: rng },
  { name: 'disk', run: disk },
  { name: 'clock', run: clock },
]

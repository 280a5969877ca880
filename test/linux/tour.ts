/** Boots a kernel as often as it takes, and collects a row of the table. */
import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import {
  copyFileSync, mkdirSync, mkdtempSync, readSync, openSync, closeSync, rmSync,
  writeFileSync,
} from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { NodePlatform } from '../../generated/launcher/node/platform.ts'
import { proposeEra } from '../../generated/launcher/propose-era.ts'
import { checks } from './checks.ts'
import type { Scene } from './checks.ts'
import { GATEWAY, GUEST_ADDRESS, installed, throughPasst } from './passt.ts'
import { Session } from './session.ts'
import type { End } from './session.ts'
import type { Settings } from './settings.ts'

/** The ends of a wire between two Guests: UDP ports, as --wire takes them. */
interface Wire { readonly here: string; readonly there: string }

/** Column to cell, in order. */
export type Row = Map<string, string>

/** Cells that tell of failure begin with this. */
export const FAILED = 'NO'

export class Tour {
  readonly row: Row = new Map()
  readonly failures: string[] = []
  readonly #settings: Settings
  readonly #kernel: string
  readonly #megabytes: number
  readonly #say: (what: string) => void
  #bootSeconds = 0
  #era = ''
  /** Can the shell stop and continue what it runs? */
  #jobs = true

  constructor(settings: Settings, kernel: string, megabytes: number,
    say: (what: string) => void) {
    this.#settings = settings
    this.#kernel = kernel
    this.#megabytes = megabytes
    this.#say = say
    this.row.set('kernel', nameOf(kernel))
    this.row.set('era', '')
    this.row.set('image', isElf(kernel) ? 'vmlinux' : 'bzImage')
    this.row.set('MB', String(megabytes))
  }

  /** Release and era, as the Launcher reads them off the image. */
  async #identify(): Promise<void> {
    const platform = new NodePlatform()
    const file = platform.open(this.#kernel, 'read')
    const { era, release } = await proposeEra(file, this.#megabytes << 20, platform)
    file.close()
    this.#era = this.#settings.era ?? era
    this.row.set('era', this.#era)
    if (release !== '') this.row.set('kernel', release)
  }

  /** All checks, reboot, power off, and a panic. */
  async whole(): Promise<void> {
    await this.#identify()
    const folder = mkdtempSync(join(tmpdir(), 'lguest-linux-'))
    try {
      const disk = makeDisk(this.#settings, folder)
      const wire = await freeWire()
      const options = [`--wire=${wire.here}`]
      if (disk !== null) options.push(`--block=${disk}`)
      await this.#life('tour', options, (session) =>
        this.#tour(session, disk, wire))
      await this.#life('panic', [], (session) => this.#panic(session))
      await this.#tap('tap', '10.9.6.1', '')
      await this.#tap('bridge', 'bridge:span', 'ip link add span type bridge; '
        + 'ip addr add 10.9.6.1/24 dev span; ip link set span up;')
      await this.#sharenet(folder)
      await this.#boots()
    } finally {
      rmSync(folder, { recursive: true })
    }
  }

  /** Boots, looks around, powers off. */
  async visit(): Promise<void> {
    await this.#identify()
    await this.#life('visit', [], async (session) => {
      await this.#boot(session)
      await this.#check('shell', session, null)
      await this.#check('memory', session, null)
      await this.#powerOff(session)
    })
  }

  async #life(
    name: string, options: string[], live: (session: Session) => Promise<void>, inside = '',
  ): Promise<void> {
    const { initrd, prompt, era } = this.#settings
    const session = new Session({ kernel: this.#kernel, initrd, prompt, inside,
      megabytes: this.#megabytes, options: era === null ? options : [`--era=${era}`, ...options] })
    try {
      await live(session)
    } catch (error) {
      this.#fail(name, error)
    } finally {
      session.kill()
      this.#keep(name, session.terminal.screen)
    }
  }

  async #boot(session: Session): Promise<void> {
    this.#say('booting')
    this.#bootSeconds = await session.booted()
    this.row.set('boot', `${this.#bootSeconds.toFixed(1)} s`)
    await this.#takeTerminal(session)
    const flags = await session.run('grep -c "\\bpae\\b" /proc/cpuinfo; '
      + 'zcat /proc/config.gz 2>/dev/null | grep -c ^CONFIG_X86_PAE=y')
    this.row.set('PAE', /1$/.test(flags) ? 'yes' : 'no')
  }

  /** A first shell may have no terminal of its own; one below it can. */
  async #takeTerminal(session: Session): Promise<void> {
    this.#jobs = !session.terminal.screen.includes('job control turned off')
    if (this.#jobs) return
    const from = session.terminal.screen.length
    session.terminal.type('setsid sh -c "exec sh < /dev/hvc0 > /dev/hvc0 2>&1"\r')
    await session.terminal.see(this.#settings.prompt)
    this.#jobs = !/not found|turned off/.test(session.terminal.screen.slice(from))
  }

  async #tour(
    session: Session, disk: string | null, wire: Wire,
  ): Promise<void> {
    await this.#boot(session)
    for (const { name } of checks) await this.#check(name, session, disk)
    await this.#net(session, wire)
    await this.#world()
    await this.#reboot(session)
    await this.#powerOff(session)
  }

  async #check(
    name: string, session: Session, disk: string | null,
  ): Promise<void> {
    const { only } = this.#settings
    if (only.length > 0 && !only.some((o) => name.startsWith(o))) return
    if (!this.#jobs && ['^C', 'jobs'].includes(name)) {
      this.row.set(name, 'no tty')
      return
    }
    const check = checks.find((c) => c.name === name)
    if (check === undefined) throw new Error(`no check ${name}`)
    this.#say(name)
    const scene: Scene = { session, disk, era: this.#era, settings: this.#settings,
      megabytes: this.#megabytes, bootSeconds: this.#bootSeconds }
    try {
      this.row.set(name, await check.run(scene))
    } catch (error) {
      this.#fail(name, error)
      session.terminal.type('\x03\r')
      await session.run('stty sane; umount /mnt 2>/dev/null; true')
    }
  }

  /** A second Guest at the other end of the wire: ping, and a file by HTTP. */
  async #net(session: Session, wire: Wire): Promise<void> {
    if (!this.#wanted('net')) return
    this.#say('net')
    await this.#life('net', [`--wire=${wire.there}`], async (other) => {
      await other.booted()
      await other.run('ifconfig eth0 10.9.8.2 up')
      await session.run('ifconfig eth0 10.9.8.1 up')
      await ping(session, '10.9.8.2')
      await other.run('httpd -p 9 -h /bin')
      const sums = [await session.run('wget -q -O - http://10.9.8.2:9/busybox | md5sum', 120),
        await session.run('md5sum < /bin/busybox')]
      if (sums[0] !== sums[1]) throw new Error(sums.join())
      this.row.set('net', 'yes')
    })
  }

  /** A file of this machine's, by HTTP through passt, if there is a passt. */
  async #world(): Promise<void> {
    if (!this.#wanted('world') || !installed('passt')) return
    this.#say('world')
    await throughPasst(async (socket, url, sum) => {
      await this.#life('world', [`--socketnet=unix:${socket}`], async (session) => {
        await session.booted()
        await session.run(`ifconfig eth0 ${GUEST_ADDRESS} up; `
          + `route add default gw ${GATEWAY}`)
        const came = await session.run(`wget -q -O - ${url} | md5sum`, 120)
        if (!came.includes(sum)) throw new Error(`${came}, and not ${sum}`)
        this.row.set('world', 'yes')
      })
    })
  }

  /** The kernel of a network that is made for the purpose, through a tap: for root. */
  async #tap(name: string, tunnet: string, before: string): Promise<void> {
    if (!this.#wanted(name) || !canMakeNetworks()) return
    this.#say(name)
    await this.#life(name, [`--tunnet=${tunnet}`], async (session) => {
      await session.booted()
      await session.run('ifconfig eth0 10.9.6.2 netmask 255.255.255.0 up')
      await ping(session, '10.9.6.1')
      this.row.set(name, 'yes')
    }, `unshare --net sh -c '${before} exec "$0" "$@"'`)
  }

  /** Two Guests of 2007 at one file. */
  async #sharenet(folder: string): Promise<void> {
    if (!this.#wanted('sharenet')) return
    this.row.set('sharenet', 'none')
    if (this.#era !== 'A') return
    this.#say('sharenet')
    const options = [`--sharenet=${join(folder, 'lan')}`]
    await this.#life('sharenet', options, (one) =>
      this.#life('sharenet2', options, async (other) => {
        await one.booted()
        await other.booted()
        await one.run('ifconfig eth0 10.9.5.1 up')
        await other.run('ifconfig eth0 10.9.5.2 up')
        await ping(one, '10.9.5.2')
        await ping(other, '10.9.5.1')
        this.row.set('sharenet', 'yes')
      }))
  }

  /** Boots again and again, one on each processor, and reads what the kernel has to say. */
  async #boots(): Promise<void> {
    const { boots } = this.#settings
    if (boots === 0) return
    let [begun, good] = [0, 0]
    const another = async () => {
      while (begun < boots) {
        this.#say(`boot ${++begun} of ${boots}`)
        await this.#life('boots', [], async (session) => {
          await session.booted()
          const said = await session.run('dmesg | grep -E "WARNING:|BUG:|Oops" | head -n 5')
          if (said !== '') throw new Error(said)
          await this.#powerOff(session)
          good++
        })
      }
    }
    await Promise.all(Array.from({ length: availableParallelism() }, another))
    this.row.set('boots', good === boots ? `${good}` : FAILED)
  }

  #wanted(name: string): boolean {
    const { only } = this.#settings
    return only.length === 0 || only.includes(name)
  }

  async #reboot(session: Session): Promise<void> {
    this.#say('reboot')
    session.terminal.type('reboot -f\r')
    await session.terminal.see(this.#settings.prompt, 120)
    this.row.set('reboot', 'yes')
  }

  async #powerOff(session: Session): Promise<void> {
    this.#say('poweroff')
    session.terminal.type('poweroff -f\r')
    const end = await session.end()
    if (end.status !== 0) throw new Error(`poweroff: status ${end.status}`)
    if (!end.restored) throw new Error('the terminal is not as it was')
    this.row.set('poweroff', 'status 0')
    this.#count(end)
  }

  async #panic(session: Session): Promise<void> {
    this.#say('panic')
    await session.booted()
    session.terminal.type('echo c > /proc/sysrq-trigger; exit\r')
    const end = await session.end()
    if (end.status !== 1 || !end.restored) {
      throw new Error(`panic: status ${end.status}`)
    }
    if (!/lguest: CRASH: /.test(session.terminal.screen)) {
      throw new Error('no reason given')
    }
    this.row.set('panic', 'status 1')
  }

  #count({ stats }: End): void {
    const instructions = Number(stats.get('instructions')?.replace(/,/g, ''))
    const seconds = Number(stats.get('in the Guest'))
    this.row.set('Minstr', (instructions / 1e6).toFixed(0))
    this.row.set('MIPS', (instructions / 1e6 / seconds).toFixed(1))
  }

  #fail(name: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    this.row.set(name, FAILED)
    this.failures.push(`${nameOf(this.#kernel)} ${this.row.get('image')} `
      + `${this.#megabytes} MB, ${name}: ${reason.slice(-2000)}`)
  }

  #keep(name: string, screen: string): void {
    const { logs } = this.#settings
    if (logs === null) return
    mkdirSync(logs, { recursive: true })
    const file = `${nameOf(this.#kernel)}-${this.row.get('image')}-`
      + `${this.#megabytes}-${name}.log`
    writeFileSync(join(logs, file), screen)
  }
}

async function ping(session: Session, address: string): Promise<void> {
  const pings = await session.run(`ping -c 3 ${address}`)
  if (!/ 0% packet loss/.test(pings)) throw new Error(pings)
}

function canMakeNetworks(): boolean {
  try {
    execFileSync('unshare', ['--net', 'ip', 'link'], { stdio: 'ignore' })
    return process.getuid?.() === 0
  } catch {
    return false
  }
}

/** A wire whose two ports nobody has: the system chose them a moment ago. */
async function freeWire(): Promise<Wire> {
  const sockets = [createSocket('udp4'), createSocket('udp4')]
  const ports: number[] = []
  for (const socket of sockets) {
    await new Promise<void>((resolve) =>
      socket.bind(0, '127.0.0.1', resolve))
    ports.push(socket.address().port)
  }
  for (const socket of sockets) socket.close()
  const [one, other] = ports
  return { here: `${one}-${other}`, there: `${other}-${one}` }
}

/** A disk to write on: a copy of the one given, or a fresh one. */
function makeDisk({ disk }: Settings, folder: string): string | null {
  const image = join(folder, 'disk')
  try {
    if (disk !== null) copyFileSync(disk, image)
    else execFileSync('mke2fs', ['-q', '-F', image, '16m'], { stdio: 'pipe' })
    return image
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT' && disk === null) return null
    throw error
  }
}

/** What to call a kernel that does not tell its release: its folder, and its file. */
function nameOf(path: string): string {
  return path.split('/').slice(-2).join('-')
}

function isElf(path: string): boolean {
  const file = openSync(path, 'r')
  const magic = Buffer.alloc(4)
  readSync(file, magic, 0, 4, 0)
  closeSync(file)
  return magic.toString('latin1') === '\x7fELF'
}

/**
 * What a real kernel's TCP carries: between two Guests, to this machine's
 * kernel through a tap, and from a web server through passt. Kernels and the
 * initial RAM disk are those of test:linux; busybox must have `nc -l`.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { NodePlatform } from '../generated/launcher/node/platform.ts'
import { proposeEra } from '../generated/launcher/propose-era.ts'
import { pause } from '../test/e2e/launching.ts'
import { GATEWAY, GUEST_ADDRESS, installed, throughPasst } from '../test/linux/passt.ts'
import { Session } from '../test/linux/session.ts'
import { readSettings, type Settings } from '../test/linux/settings.ts'
import type { Bench, Row } from './bench.ts'

const MB = 1_000_000
const MEGABYTES = 64
const RUNS = 3
const SECONDS = 120
const [ONE, OTHER, HOST] = ['10.9.8.1', '10.9.8.2', '10.9.8.9']
const [WIRE, BACK] = ['--wire=47011-47012', '--wire=47012-47011']
const PORT = 9000

/** Runs a command in a Guest's shell. */
type Run = (command: string) => Promise<string>

class KernelOnNetworks {
  readonly rows: Row[] = []
  readonly #settings: Settings
  readonly #kernel: string
  readonly #lives: Session[] = []

  constructor(settings: Settings, kernel: string) {
    this.#settings = settings
    this.#kernel = kernel
  }

  /** @param inside what runs the Launcher, if it is not to be run here */
  #start(options: string[], inside = ''): Session {
    const { initrd, prompt } = this.#settings
    const session = new Session({ kernel: this.#kernel, initrd, prompt, megabytes: MEGABYTES, options, inside })
    this.#lives.push(session)
    return session
  }

  /** A row, or why there is none; whoever lives is ended. */
  async #row(what: string, measure: () => Promise<Omit<Row, 'what'>>): Promise<void> {
    const named = `${basename(dirname(this.#kernel))}, ${what}`
    try {
      this.rows.push({ what: named, ...await measure() })
    } catch (error) {
      this.rows.push({ what: named, value: NaN, unit: 'MB/s', note: `${error}`.slice(-200) })
    } finally {
      for (const session of this.#lives.splice(0)) session.kill()
    }
  }

  async all(): Promise<Row[]> {
    const folder = mkdtempSync(join(tmpdir(), 'lguest-network-'))
    const share = `--sharenet=${join(folder, 'lan')}`
    const ofOld = await this.#era() === 'A'
    try {
      const between = ofOld ? share : '--net=lan'
      await this.#row('two Guests in one process', () => this.#inOne(between))
      await this.#row('two processes, UDP', () => this.#inTwo(WIRE, BACK))
      if (ofOld) await this.#row('two processes, a shared file', () => this.#inTwo(share, share))
      if (process.getuid?.() === 0) await this.#row('through a tap', () => this.#tapped())
      if (installed('passt')) await this.#row('through passt', () => this.#passt())
      return this.rows
    } finally {
      rmSync(folder, { recursive: true })
    }
  }

  async #era(): Promise<string> {
    const platform = new NodePlatform()
    const file = platform.open(this.#kernel, 'read')
    const { era } = await proposeEra(file, MEGABYTES << 20, platform)
    file.close()
    return era
  }

  async #inTwo(one: string, other: string): Promise<Omit<Row, 'what'>> {
    const sessions = [this.#start([one]), this.#start([other])]
    for (const session of sessions) await session.booted()
    return between((index, command) => sessions[index].run(command, SECONDS),
      (command) => { sessions[1].terminal.type(command) })
  }

  /** One terminal, and the escape key that brings a Guest forward (D:322). */
  async #inOne(network: string): Promise<Omit<Row, 'what'>> {
    const session = this.#start([network, '--guest', `${MEGABYTES}`, this.#kernel, '--guest'])
    const front = async (index: number) => {
      session.terminal.type(`\x1d${index + 1}`)
      await session.terminal.see(`[Guest ${index + 1}: `)
    }
    await session.booted()
    await front(1)
    await session.booted()
    return between(async (index, command) => {
      await front(index)
      return session.run(command, SECONDS)
    }, (command) => { session.terminal.type(command) })
  }

  /** A web server of this machine's, in a network made for the purpose. */
  async #tapped(): Promise<Omit<Row, 'what'>> {
    const server = spawn('unshare', ['--net', process.execPath, '-e',
      `require('http').createServer((_, answer) => answer.end(Buffer.alloc(${4 * MB}))).listen(${PORT}, () => console.log('up'))`])
    try {
      await once(server.stdout, 'data')
      const session = this.#start([`--tunnet=${HOST}`], `nsenter --net=/proc/${server.pid}/ns/net`)
      await session.booted()
      await session.run(`ifconfig eth0 ${ONE} netmask 255.255.255.0 up`)
      return await fetched((command) => session.run(command, SECONDS), `http://${HOST}:${PORT}/`, HOST)
    } finally {
      server.kill('SIGKILL')
    }
  }

  async #passt(): Promise<Omit<Row, 'what'>> {
    const server = createServer((_request, response) => { response.end(Buffer.alloc(4 * MB)) })
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
    let row: Omit<Row, 'what'> = { value: NaN, unit: 'MB/s' }
    try {
      await throughPasst(async (socket) => {
        const session = this.#start([`--socketnet=unix:${socket}`])
        await session.booted()
        await session.run(`ifconfig eth0 ${GUEST_ADDRESS} up; route add default gw ${GATEWAY}`)
        const { port } = server.address() as { port: number }
        row = await fetched((command) => session.run(command, SECONDS), `http://${GATEWAY}:${port}/`, GATEWAY)
      })
      return row
    } finally {
      server.closeAllConnections()
      server.close()
    }
  }
}

/** Four megabytes from the first Guest to the second, by TCP. */
async function between(run: (index: number, command: string) => Promise<string>, type: (line: string) => void): Promise<Omit<Row, 'what'>> {
  await run(0, `ifconfig eth0 ${ONE} up; head -c ${4 * MB} /dev/zero > /tmp/zeroes`)
  await run(1, `ifconfig eth0 ${OTHER} up`)
  const note = await roundTrip((command) => run(0, command), OTHER)
  const rates = []
  for (let i = 0; i < RUNS; i++) {
    await run(1, 'true')
    type(`nc -l -p ${PORT} > /tmp/came\r`)
    await pause(500)
    rates.push(await rate(() => run(0, `until nc ${OTHER} ${PORT} < /tmp/zeroes; do sleep 1; done`)))
    const came = await run(1, 'wc -c < /tmp/came')
    if (!came.endsWith(`\n${4 * MB}`)) throw new Error(`${came} bytes came`)
  }
  return { value: middle(rates), unit: 'MB/s', note }
}

/** Four megabytes by HTTP. */
async function fetched(run: Run, url: string, address: string): Promise<Omit<Row, 'what'>> {
  const note = await roundTrip(run, address)
  const rates = []
  for (let i = 0; i < RUNS; i++) {
    rates.push(await rate(async () => {
      const came = await run(`wget -q -O - ${url} | wc -c`)
      if (came !== `${4 * MB}`) throw new Error(`${came} bytes came`)
    }))
  }
  return { value: middle(rates), unit: 'MB/s', note }
}

async function roundTrip(run: Run, address: string): Promise<string> {
  const times = /= ([\d.]+)\/([\d.]+)\/([\d.]+) ms/.exec(await run(`ping -c 5 -q ${address}`))
  return times === null ? 'nobody answers a ping' : `of TCP; there and back in ${times[1]} to ${times[3]} ms, ${times[2]} on average`
}

async function rate(carry: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await carry()
  return 4 * MB / 1000 / (performance.now() - start)
}

const middle = (numbers: number[]): number => numbers.sort((a, b) => a - b)[numbers.length >> 1]

async function run(): Promise<Row[]> {
  if (settings === null) return []
  const rows: Row[] = []
  for (const kernel of settings.kernels) rows.push(...await new KernelOnNetworks(settings, kernel).all())
  return rows
}

const found = readSettings(process.env)
const settings = 'missing' in found ? null : found
const missing = settings ? '' : ': set LGUEST_LINUX_KERNELS and LGUEST_LINUX_INITRD to measure them'
export default { name: `Networks, by real kernels${missing}`, run } satisfies Bench

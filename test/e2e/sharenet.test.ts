/** Puppies of several processes at one file (B-L-096 to B-L-102). */
import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launcher, pause, PROMPT, shell, Terminal } from './launching.ts'

let folder = ''
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'lguest-lan-')) })
afterAll(() => rmSync(folder, { recursive: true }))

/** A Puppy in a process of its own, with a card at the file. */
class Kennel extends Terminal {
  readonly address: string

  constructor(file: string, last: number, more = '') {
    super(`echo $$; exec ${process.execPath} ${launcher} ${more} --sharenet=${file}`)
    this.address = `10.0.0.${last}`
  }

  async up(): Promise<this> {
    await this.see(PROMPT, 40)
    expect(await this.ask(`address ${this.address}`)).toContain(this.address)
    return this
  }

  async ask(line: string): Promise<string> {
    this.type(`${line}\r`)
    return this.see(PROMPT, 40)
  }

  get pid(): number { return Number(this.screen.split(/\s/)[0]) }

  async halt(): Promise<number> {
    this.type('halt\r')
    return this.ended
  }
}

/** The last number of the address in each slot. */
function slots(file: string, count: number): number[] {
  const page = readFileSync(file)
  return Array.from({ length: count }, (_, slot) => page[slot * 6 + 5])
}

const ANSWERED = /(\d+) sent, \1 answered/

test('two ping, three ping, one is shot, a fourth has its place (B-L-099, B-L-101, B-L-102)', async () => {
  const file = join(folder, 'lan')
  const [one, two] = await Promise.all([1, 2].map((n) => new Kennel(file, n).up()))
  expect(await two.ask('ping 10.0.0.1 20')).toMatch(ANSWERED)
  expect(await one.ask('ping 10.0.0.2 20')).toMatch(ANSWERED)
  const three = await new Kennel(file, 3).up()
  expect(await three.ask('ping 10.0.0.1')).toMatch(ANSWERED)
  expect(await three.ask('ping 10.0.0.2')).toMatch(ANSWERED)
  expect(slots(file, 4).toSorted()).toEqual([0, 1, 2, 3])
  const lost = slots(file, 3).indexOf(2)
  process.kill(two.pid, 'SIGKILL')
  await two.ended
  expect(await one.ask('ping 10.0.0.2 1')).toMatch(/1 sent, 0 answered/)
  expect(await one.ask('ping 10.0.0.3')).toMatch(ANSWERED)
  const four = await new Kennel(file, 4).up()
  expect(slots(file, 3)[lost]).toBe(4)
  expect(await one.ask('ping 10.0.0.4')).toMatch(ANSWERED)
  expect(await four.ask('ping 10.0.0.3')).toMatch(ANSWERED)
  expect(await Promise.all([one, three, four].map((each) => each.halt()))).toEqual([0, 0, 0])
  expect(slots(file, 4)).toEqual([0, 0, 0, 0])
}, 180_000)

test('two of one process and one of another are neighbours', async () => {
  const file = join(folder, 'mixed')
  const pair = new Terminal(`exec ${process.execPath} ${launcher} --sharenet=${file} --guest --guest`)
  await pair.see(PROMPT, 40)
  pair.type('address 10.0.0.1\r')
  await pair.see(PROMPT)
  pair.type('\x1d2')
  await pair.see(PROMPT, 40)
  pair.type('address 10.0.0.2\r')
  await pair.see(PROMPT)
  const three = await new Kennel(file, 3).up()
  expect(await three.ask('ping 10.0.0.1')).toMatch(ANSWERED)
  expect(await three.ask('ping 10.0.0.2')).toMatch(ANSWERED)
  pair.type('ping 10.0.0.1\r')
  expect(await pair.see(PROMPT, 40)).toMatch(ANSWERED)
  pair.type('\x1dx')
  expect(await pair.ended).toBe(2)
  expect(await three.halt()).toBe(0)
}, 120_000)

test('a file that is cut short or removed is said once, and the Guests live on', async () => {
  const file = join(folder, 'grief')
  const [one, two] = await Promise.all([1, 2].map((n) => new Kennel(file, n).up()))
  unlinkSync(file)
  for (const each of [one, two]) await each.see('has been removed; whoever comes now meets nobody')
  expect(await one.ask('ping 10.0.0.2')).toMatch(ANSWERED)
  const three = await new Kennel(file, 3).up()
  const four = await new Kennel(file, 4).up()
  truncateSync(file, 0)
  for (const each of [three, four]) await each.see('has been cut short; nobody is on this network now')
  expect(await three.ask('ping 10.0.0.4 1')).toContain('nobody has that address')
  expect(await four.ask('echo alive')).toContain('alive')
  await pause(300)
  expect(one.screen.split('removed').length + three.screen.split('cut short').length).toBe(4)
  for (const each of [one, two, three, four]) expect(await each.halt()).toBe(0)
}, 180_000)

test('what is no network, and what a later kernel asks for, is one line', async () => {
  const node = `${process.execPath} ${launcher}`
  expect(await shell(`${node} --sharenet=${folder} < /dev/null`)).toMatchObject({
    status: 1, out: '', err: `lguest: cannot open net file '${folder}': it is a directory\n` })
  const file = join(folder, 'thesis')
  await shell(`echo precious > ${file}`)
  expect(await shell(`${node} --sharenet=${file} < /dev/null`)).toMatchObject({
    status: 1, err: `lguest: cannot open net file '${file}': it is something else\n` })
  expect(readFileSync(file, 'utf8')).toBe('precious\n')
  expect(existsSync(join(folder, 'no'))).toBe(false)
  expect((await shell(`${node} --sharenet=${folder}/no/where < /dev/null`)).err)
    .toBe(`lguest: cannot open net file '${folder}/no/where': no such file\n`)
}, 60_000)

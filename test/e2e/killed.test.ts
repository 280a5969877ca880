/**
 * The Launcher is killed outright in the middle of a Guest's writes: what the
 * Guest was told is written must be in the file. LGUEST_KILLS says how often.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dice } from '../L-launcher/fakes.ts'
import { makeKennel, readKennel } from '../support/kennel.ts'
import { launcher, root } from './launching.ts'

const KILLS = Number(process.env.LGUEST_KILLS ?? 2)
const SEED = Number(process.env.LGUEST_SEED ?? Math.floor(Math.random() * 2 ** 31))
const FILES = 8
const SECTORS = 64
const MOST_MS = 600

let folder: string
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'lguest-killed-')) })
afterAll(() => rmSync(folder, { recursive: true }))

/** What Puppy writes to a file the n-th time. */
const text = (n: number): string => `number ${n} ${'abcdefgh'.repeat(n % 40)}`

interface Killed { kept: number[], signal: string | null }

/** Lets a process run until it says that something is kept, `patience` ms more, and kills it. */
async function killAmidWrites(args: string[], input: string, patience: number): Promise<Killed> {
  const child = spawn(process.execPath, args, { cwd: root })
  let printed = ''
  let timer: NodeJS.Timeout | null = null
  child.stdin.on('error', () => {})
  child.stdin.write(input)
  child.stdout.on('data', (data) => {
    printed += data
    if (!timer && /^kept 1\r?$/m.test(printed)) timer = setTimeout(() => child.kill('SIGKILL'), patience)
  })
  const signal = await new Promise<string | null>((resolve) => child.on('close', (_status, by) => resolve(by)))
  return { kept: [...printed.matchAll(/^kept (\d+)\r?\n/gm)].map((match) => Number(match[1])), signal }
}

/** What must, and what may be found at one of `places` after `last` was kept: numbers, 0 for nothing. */
function possible(place: number, places: number, last: number): number[] {
  const newest = Math.max(0, last - (last - place + places) % places)
  return (last + 1) % places === place ? [newest, last + 1] : [newest]
}

function lastOf({ kept, signal }: Killed): number {
  expect(signal).toBe('SIGKILL')
  expect(kept).toEqual(kept.map((_, i) => i + 1))
  return kept.length
}

describe(`SIGKILL, ${KILLS} times, seed ${SEED}`, () => {
  const roll = dice(SEED)
  const rounds = Array.from({ length: KILLS }, (_, i) => i + 1)

  it.each(rounds)('nothing that Puppy wrote is lost (era A): %i', { timeout: 120_000 }, async (round) => {
    const disk = join(folder, `disk-${round}`)
    writeFileSync(disk, makeKennel({}, 120))
    const typed = Array.from({ length: 2000 }, (_, i) => `echo ${text(i + 1)} | write f${(i + 1) % FILES} && echo kept ${i + 1}\n`)
    const last = lastOf(await killAmidWrites([launcher, '--block', disk], typed.join(''), roll(MOST_MS)))
    const now = readKennel(readFileSync(disk))
    if (typeof now === 'string') throw new Error(now)
    for (let file = 0; file < FILES; file++) {
      const found = new TextDecoder().decode(now.files.get(`f${file}`))
      expect(possible(file, FILES, last).map((n) => n && `${text(n)}\n` || '')).toContain(found)
    }
    rmSync(disk)
  })

  const flushes = ['B3', 'C'].flatMap((era) => rounds.map((round) => [era, round] as const))

  it.each(flushes)('nothing that a virtio driver flushed is lost (%s): %i', { timeout: 120_000 }, async (era, round) => {
    const disk = join(folder, `flushed-${era}-${round}`)
    writeFileSync(disk, new Uint8Array(SECTORS * 512))
    const driver = fileURLToPath(new URL('flushing-driver.ts', import.meta.url))
    const last = lastOf(await killAmidWrites(['bin/run.mjs', driver, disk, `${SECTORS}`, era], '', roll(MOST_MS)))
    const image = readFileSync(disk)
    for (let sector = 0; sector < SECTORS; sector++) {
      const numbers = new Set(Array.from({ length: 128 }, (_, i) => image.readUInt32LE(sector * 512 + 4 * i)))
      expect(numbers.size, 'a sector is not torn').toBe(1)
      expect(possible(sector, SECTORS, last)).toContain([...numbers][0])
    }
    rmSync(disk)
  })
})

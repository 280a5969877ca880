/**
 * The Launcher is killed outright in the middle of a Guest's writes: what the
 * Guest was told is written must be in the file. LGUEST_KILLS says how often.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dice } from '../L-launcher/fakes.ts'
import { makeKennel, readKennel } from '../support/kennel.ts'
import { launcher } from './launching.ts'

const KILLS = Number(process.env.LGUEST_KILLS ?? 3)
const SEED = Number(process.env.LGUEST_SEED ?? Math.floor(Math.random() * 2 ** 31))
const FILES = 8
const MOST_MS = 600

let folder: string
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'lguest-killed-')) })
afterAll(() => rmSync(folder, { recursive: true }))

/** What Puppy writes to a file the n-th time. */
const text = (n: number): string => `number ${n} ${'abcdefgh'.repeat(n % 40)}`

/** Runs Puppy until it says that something is kept, `patience` ms more, and kills it. */
async function killAmidWrites(disk: string, patience: number): Promise<{ printed: string, signal: string | null }> {
  const child = spawn(process.execPath, [launcher, '--block', disk])
  let printed = ''
  let timer: NodeJS.Timeout | null = null
  child.stdin.on('error', () => {})
  for (let n = 1; n < 2000; n++) child.stdin.write(`echo ${text(n)} | write f${n % FILES} && echo kept ${n}\n`)
  child.stdout.on('data', (data) => {
    printed += data
    if (!timer && /^kept 1\r?$/m.test(printed)) timer = setTimeout(() => child.kill('SIGKILL'), patience)
  })
  return new Promise((resolve) => child.on('close', (_status, signal) => resolve({ printed, signal })))
}

describe(`SIGKILL, ${KILLS} times, seed ${SEED}`, () => {
  const roll = dice(SEED)
  it.each(Array.from({ length: KILLS }, (_, i) => i + 1))('nothing that was written is lost: %i', { timeout: 120_000 }, async (round) => {
    const disk = join(folder, `disk-${round}`)
    writeFileSync(disk, makeKennel({}, 120))
    const { printed, signal } = await killAmidWrites(disk, roll(MOST_MS))
    expect(signal).toBe('SIGKILL')
    const kept = [...printed.matchAll(/^kept (\d+)\r?$/gm)].map((match) => Number(match[1]))
    const last = kept.at(-1)!
    expect(kept).toEqual(Array.from({ length: last }, (_, i) => i + 1))
    const now = readKennel(readFileSync(disk))
    if (typeof now === 'string') throw new Error(now)
    for (let file = 0; file < FILES; file++) {
      const newest = last - (last - file + FILES) % FILES
      const possible = [newest, ...(newest + FILES === last + 1 || last + 1 === file ? [last + 1] : [])]
        .filter((n) => n > 0).map((n) => `${text(n)}\n`)
      const found = now.files.get(`f${file}`)
      if (newest <= 0 && !found) continue
      expect(possible).toContain(new TextDecoder().decode(found))
    }
    rmSync(disk)
  })
})

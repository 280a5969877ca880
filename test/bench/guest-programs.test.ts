/** The program that measures a Guest's kernel, on the kernel that runs these tests. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { archiveOf, kernelWork, padded, timesOf } from '../../bench/guest-programs.ts'

const inFolder = <T>(act: (folder: string) => T): T => {
  const folder = mkdtempSync(join(tmpdir(), 'guest-programs-'))
  try { return act(folder) } finally { rmSync(folder, { recursive: true }) }
}

test('it is an executable of 32 bits that measures seven things, and with an argument does nothing', (context) => {
  inFolder((folder) => {
    const path = join(folder, 'work')
    writeFileSync(path, kernelWork(), { mode: 0o755 })
    const idle = spawnSync(path, ['x'], { encoding: 'utf8' })
    if (idle.status === null) return context.skip('this kernel runs no 32-bit programs')
    expect([idle.status, idle.stdout]).toEqual([0, ''])
    const { status, stdout } = spawnSync(path, { encoding: 'utf8' })
    expect(status).toBe(0)
    const times = timesOf(stdout)
    expect([...times.keys()]).toEqual(['getppid', 'pipe', 'map', 'fork', 'share', 'signal', 'exec', 'cow'])
    for (const name of ['getppid', 'pipe', 'map', 'fork', 'signal']) expect(times.get(name), name).toBeGreaterThan(0)
  })
}, 60_000)

test('its archive says where each file begins and how long it is', () => {
  const archive = archiveOf('some/name', Uint8Array.of(1, 2, 3, 4, 5)).toString('latin1')
  const field = (at: number, n: number) => parseInt(archive.slice(at + 6 + n * 8, at + 14 + n * 8), 16)
  expect([archive.slice(0, 6), field(0, 1), field(0, 6), field(0, 11)]).toEqual(['070701', 0o100755, 5, 10])
  expect(archive.slice(110, 120)).toBe('some/name\0')
  expect(archive.slice(120, 128)).toBe('\x01\x02\x03\x04\x05\0\0\0')
  expect(archive.slice(128, 134)).toBe('070701')
  expect(archive.slice(238, 248)).toBe('TRAILER!!!')
  expect([padded(new Uint8Array(5)).length, padded(new Uint8Array(8)).length]).toEqual([8, 8])
})

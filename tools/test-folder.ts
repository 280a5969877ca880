/**
 * One temporary folder for a run of the tests: whatever they and the programs
 * they start leave there goes with it, and so does what a killed run left.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const prefix = 'journey-tests-'

/** Called by vitest before the first test; what it returns, behind the last. */
export default function setup(): () => void {
  const outside = tmpdir()
  for (const name of readdirSync(outside)) {
    const [, pid] = new RegExp(`^${prefix}(\\d+)-`).exec(name) ?? []
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(outside, name), { recursive: true, force: true })
  }
  const folder = mkdtempSync(join(outside, `${prefix}${process.pid}-`))
  process.env.TMPDIR = folder
  return () => {
    process.env.TMPDIR = outside
    rmSync(folder, { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * One tool at a time writes into a folder: a lock is a file that names the
 * process which holds it, and one whose process is gone holds nothing.
 */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'

/** Milliseconds between two looks at a lock that another holds. */
const patience = 20

/** Milliseconds after which nobody still writes: its process has gone, and another has its number. */
const longest = 600_000

/** Does `work` while no other tool does anything in `folder`. */
export async function withLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const lock = join(folder, '.cache', 'lock')
  mkdirSync(dirname(lock), { recursive: true })
  while (!take(lock)) await after(patience)
  try {
    return await work()
  } finally {
    rmSync(lock, { force: true })
  }
}

function take(lock: string): boolean {
  const own = `${lock}.${process.pid}`
  try {
    writeFileSync(own, String(process.pid))
    linkSync(own, lock) // whole from the first, or not at all
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    if (isAbandoned(lock)) breakOpen(lock)
    return false
  } finally {
    rmSync(own, { force: true })
  }
}

/** Another may have taken it anew since we looked: then it is put back. */
function breakOpen(lock: string): void {
  const aside = `${lock}.${process.pid}.old`
  try {
    renameSync(lock, aside)
    if (!isAbandoned(aside)) linkSync(aside, lock)
  } catch { /* somebody was faster */ } finally {
    rmSync(aside, { force: true })
  }
}

function isAbandoned(lock: string): boolean {
  try {
    if (Date.now() - statSync(lock).mtimeMs > longest) return true
    process.kill(Number(readFileSync(lock, 'utf8')), 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

/**
 * Does the fuzzer see anything? A copy of the system gets one fault after
 * the other, and the same seed is run on each copy until it is found.
 */
import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { faults, spoil } from './faults.ts'
import type { Fault } from './faults.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
/** What a run of the fuzzer consists of. */
const PARTS = ['bin', 'conformance', 'fuzz', 'generated', 'site/src', 'test', 'tools', 'package.json', 'tsconfig.json']

export interface Seen {
  readonly fault: string
  /** How many cases it took, and what was said; null: not seen. */
  readonly cases: number | null
  readonly by: string
}

/** Runs the chosen faults; `told` hears of each. */
export async function selfTest(seed: number, cases: number, chosen: readonly Fault[] = faults,
  told: (seen: Seen) => void = () => {}): Promise<Seen[]> {
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-'))
  try {
    for (const part of PARTS) cpSync(join(root, part), join(folder, part), { recursive: true })
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    const all: Seen[] = []
    for (const fault of chosen) {
      const seen = await withFault(folder, fault, seed, cases)
      told(seen)
      all.push(seen)
    }
    return all
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function withFault(folder: string, fault: Fault, seed: number, cases: number): Promise<Seen> {
  const file = join(folder, 'generated', fault.file)
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, spoil(text, fault))
  try {
    const said = await fuzz(folder, ['--seed', `${seed}`, '--cases', `${cases}`, '--first',
      ...fault.classes === undefined ? [] : ['--class', fault.classes]])
    const found = /^case (\d+), found by ([^\n]*)/m.exec(said)
    if (found === null && !/^fuzz: seed/m.test(said)) return { fault: fault.name, cases: null, by: `it does not even start: ${said.trim().split('\n')[0]}` }
    return { fault: fault.name, cases: found === null ? null : Number(found[1]), by: found?.[2] ?? '' }
  } finally {
    writeFileSync(file, text)
  }
}

function fuzz(folder: string, args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['bin/run.mjs', 'fuzz/main.ts', ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece: Buffer) => { said += piece.toString() })
    child.on('error', reject)
    child.on('close', () => resolve(said))
  })
}

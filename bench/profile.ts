/**
 * Where the Launcher spends its time, by lines of chapters: V8 samples lines
 * of the bundle, and the bundle's source map knows the chapters. Statements
 * that the bundler has joined count for the first of them.
 */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LEAST_UPPER_BOUND, originalPositionFor, TraceMap } from '@jridgewell/trace-mapping'
import { temporaryFolder } from '../conformance/temporary.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const BUNDLE = 'launcher.mjs'
const INTERVAL_US = 500

interface Profile {
  nodes: { callFrame: { functionName: string, url: string }, positionTicks?: { line: number, ticks: number }[] }[]
}

/** Runs the Launcher with these arguments; prints the `most` busiest lines on stderr. */
export async function profileLauncher(args: string[], most: number): Promise<void> {
  const folder = temporaryFolder('lguest-profile')
  const child = spawn(process.execPath, [
    '--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-interval=${INTERVAL_US}`,
    join(root, 'bin/lguest.mjs'), ...args,
  ], { stdio: 'inherit' })
  process.on('SIGINT', () => {}) // it is the Launcher's
  process.exitCode = await new Promise<number>((resolve) => child.on('exit', (status) => resolve(status ?? 1)))
  const [file] = readdirSync(folder)
  if (file) console.error(busiest(JSON.parse(readFileSync(join(folder, file), 'utf8')), most).join('\n'))
}

function busiest(profile: Profile, most: number): string[] {
  const map = new TraceMap(readFileSync(join(root, '.cache', `${BUNDLE}.map`), 'utf8'))
  const ticksOf = new Map<string, number>()
  let total = 0
  for (const { callFrame, positionTicks = [] } of profile.nodes) {
    if (callFrame.functionName === '(idle)') continue
    for (const { line, ticks } of positionTicks) {
      const place = callFrame.url.endsWith(BUNDLE) ? chapterLine(map, line) : 'outside the system'
      ticksOf.set(place, (ticksOf.get(place) ?? 0) + ticks)
      total += ticks
    }
  }
  const lines = [...ticksOf].sort(([, a], [, b]) => b - a).slice(0, most).map(([place, ticks]) => (
    `  ${((ticks / total) * 100).toFixed(1).padStart(6)} %  ${place}`))
  return ['', `busiest lines, ${(total * INTERVAL_US / 1000).toFixed(0)} ms sampled:`, ...lines]
}

function chapterLine(map: TraceMap, line: number): string {
  const place = originalPositionFor(map, { line, column: 0, bias: LEAST_UPPER_BOUND })
  return place.source ? `${place.source.replace(/^(\.\.\/)+/, '')}:${place.line}` : `${BUNDLE}:${line}`
}

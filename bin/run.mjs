#!/usr/bin/env node
/**
 * Runs a TypeScript program of the project, such as bench/main.ts, with the
 * arguments behind it. It needs the development packages, and says so.
 */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const program = resolve(process.argv[2])
const typescript = await import('tsx/esm/api').catch(() => undefined)
if (typescript) {
  typescript.register()
  const { installDoor, tell } = await import('../tools/tangle/door.ts')
  installDoor()
  process.argv.splice(1, 2, program)
  await import(pathToFileURL(program)).catch(tell)
} else {
  console.error('the development packages are not installed: run npm ci')
  process.exitCode = 1
}

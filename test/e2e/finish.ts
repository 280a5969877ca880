/** The end of a Launcher on a terminal, as tests expect it. */
import { expect } from 'vitest'
import { looks } from './launching.ts'
import type { Terminal } from './launching.ts'

/** Waits for the end of `BETWEEN_LOOKS`: that status, and the terminal as it was. */
export async function finish(terminal: Terminal, status: number): Promise<void> {
  await terminal.see(`status:${status}`)
  await terminal.see('done')
  await terminal.ended
  const { before, after } = looks(terminal.screen)
  expect(before).not.toBe('')
  expect(after).toBe(before)
}

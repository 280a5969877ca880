/** A save in the moment in which the run of the save before it comes to its end. */
import { EventEmitter } from 'node:events'
import { expect, onTestFinished, test, vi } from 'vitest'
import { Watch } from '../../tools/tangle/watch.ts'
import { cloneProject, edit } from './fixture.ts'

class Run extends EventEmitter {
  readonly files: string[]
  constructor(files: string[]) {
    super()
    this.files = files
  }

  kill = () => true
}

const runs = vi.hoisted((): EventEmitter[] => [])
vi.mock('../../tools/tangle/run-tests.ts', () => ({
  startTests: (_: string, files: string[]) => {
    runs.push(new Run(files))
    return runs.at(-1)
  },
}))

test('a run that ends while the next save is tangled takes nothing of it along', async () => {
  const root = cloneProject()
  const chapter = 'journey/L-launcher/000-division.md'
  const watch = new Watch(root, (line) => {
    if (runs.length === 1 && line.includes(chapter)) runs[0]!.emit('close', 1)
  })
  onTestFinished(() => watch.close())
  await watch.start()
  edit(root, chapter, 'return a / b', 'return a * b')
  await expect.poll(() => runs.length).toBe(1)
  edit(root, chapter, 'return a * b', 'return a / b')
  await expect.poll(() => runs.length).toBe(2)
  expect((runs[1] as Run).files).toEqual(['test/L-launcher/000-division.test.ts'])
})

import { expect, test, vi } from 'vitest'
import { buildImage } from '../../bench/image.ts'
import { kernels } from '../../bench/kernels.ts'
import { ourMachine, runOurs } from '../../bench/ours.ts'
import { Theirs } from '../../bench/theirs.ts'

const machine = ourMachine(buildImage(), 'translated')

test.each(kernels)('$name does on our processor what it does in TypeScript', (kernel) => {
  const first = runOurs(machine, kernel)
  expect(first).toBeGreaterThan(50_000)
  expect(runOurs(machine, kernel)).toBe(first)
})

test('v86 comes to the same results', async () => {
  const v86 = await Theirs.start(buildImage(), { translates: true })
  for (const kernel of kernels) expect(await v86.run(kernel, 1)).toHaveLength(1)
  await v86.destroy()
})

test('a wrong result is not measured', () => {
  const wrong = vi.spyOn(kernels[0], 'result').mockReturnValue(1)
  expect(() => runOurs(machine, kernels[0])).toThrow(kernels[0].name)
  wrong.mockRestore()
})

import { describe, expect, it } from 'vitest'
import { BareKernel, lines, session } from '../support/puppy.ts'

describe('G:391 the list', () => {
  it.each([0, 1, 2, 14])('the console stands behind %i disks, and works there', async (disks) => {
    const { out, answers, status } = await session(lines('echo heard'), Array(disks).fill(['--block', 'disk']).flat())
    expect(out).toMatch(new RegExp(`console at interrupt ${disks + 1}\n`))
    expect(answers[0]).toBe('heard\n')
    expect(status).toBe(0)
  })
})

describe('G:392 who hears it', () => {
  it('an interrupt that nobody asked for does nothing', () => {
    const bare = new BareKernel()
    const frame = bare.at('spare_stack')
    bare.write(frame + 40, 32 + 5)
    expect(bare.call('device_interrupt', { eax: frame }).eax).toBe(0)
  })
})

/** What D:350 points to is there: the tour of real kernels, and its help. */
import { describe, expect, it } from 'vitest'
import { HELP, readSettings } from '../linux/settings.ts'

describe('D:350 real kernels are the user\'s to bring', () => {
  it('says what is missing', () => {
    expect(readSettings({})).toEqual({
      missing: ['LGUEST_LINUX_KERNELS', 'LGUEST_LINUX_INITRD'] })
    expect(readSettings({ LGUEST_LINUX_KERNELS: 'k' })).toEqual({
      missing: ['LGUEST_LINUX_INITRD'] })
  })

  it('reads lists and sizes, and has defaults for the rest', () => {
    expect(readSettings({ LGUEST_LINUX_KERNELS: 'a:b', LGUEST_LINUX_INITRD: 'i',
      LGUEST_LINUX_MEMORY: '64,896', LGUEST_LINUX_CLOCK: '0' })).toEqual({
      kernels: ['a', 'b'], initrd: 'i', memories: [64, 896], disk: null,
      clockSeconds: 0, prompt: '# ', only: [], era: null, logs: null, boots: 0 })
  })

  it('tells of every variable it reads', () => {
    for (const name of ['KERNELS', 'INITRD', 'DISK', 'MEMORY', 'CLOCK', 'PROMPT', 'ONLY', 'ERA', 'LOGS']) {
      expect(HELP).toContain(`LGUEST_LINUX_${name} `)
    }
  })
})

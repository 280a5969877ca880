import { describe, expect, it } from 'vitest'
import { KERNEL_BASE } from '../../generated/puppy/numbers.ts'
import { BareKernel } from '../support/puppy.ts'

const count = (bare: BareKernel, frame: number): number =>
  bare.machine.physical.read8(
    bare.at('image_end') - KERNEL_BASE + ((frame - KERNEL_BASE) >>> 12))

describe('G:201 frames', () => {
  it('begin behind the image and the counts; the kernel is counted', () => {
    const bare = new BareKernel().withFrames()
    const fresh = bare.get('frames_fresh')
    expect(fresh).toBe(bare.at('image_end') + 4096)
    expect(bare.get('frames_free')).toBe((KERNEL_BASE + (8 << 20) - fresh) / 4096)
    expect(count(bare, bare.at('programs'))).toBe(1)
    expect(count(bare, fresh)).toBe(0)
  })

  it('come zeroed and counted, and go back to the list', () => {
    const bare = new BareKernel().withFrames()
    const free = bare.get('frames_free')
    const { eax: frame } = bare.call('frame_alloc')
    expect(count(bare, frame)).toBe(1)
    expect(bare.get('frames_free')).toBe(free - 1)
    bare.write(frame + 100, 77)
    bare.call('frame_put', { eax: frame })
    expect(bare.get('frames_free')).toBe(free)
    expect(bare.call('frame_alloc').eax).toBe(frame)
    expect(bare.read(frame + 100)).toBe(0)
  })

  it('stay while somebody shares them', () => {
    const bare = new BareKernel().withFrames()
    const { eax: frame } = bare.call('frame_alloc')
    bare.call('frame_share', { eax: frame })
    expect(bare.call('frame_users', { eax: frame }).eax).toBe(2)
    bare.call('frame_put', { eax: frame })
    expect(bare.call('frame_alloc').eax).not.toBe(frame)
    bare.call('frame_put', { eax: frame })
    expect(bare.call('frame_alloc').eax).toBe(frame)
  })

  it('run out, each given once', () => {
    const bare = new BareKernel().withFrames()
    const free = bare.get('frames_free')
    const seen = new Set<number>()
    for (let i = 0; i < free; i++) seen.add(bare.call('frame_alloc').eax)
    expect(seen.size).toBe(free)
    expect(Math.max(...seen)).toBe(KERNEL_BASE + (8 << 20) - 4096)
    expect(bare.call('frame_alloc').eax).toBe(0)
    expect(bare.get('frames_free')).toBe(0)
  })
})

describe('G:202 and G:203 page tables', () => {
  const bare = new BareKernel().withFrames()
  bare.set('memory_end', 8 << 20)
  const directory = bare.at('kernel_directory')
  bare.call('map_linear')
  bare.call('map_device')
  bare.call('make_holes')
  const entry = (address: number): number => {
    const { eax: at } = bare.call('entry_of', { eax: directory, edx: address })
    return at === 0 ? 0 : bare.read(at)
  }

  it('map all RAM at 3 GiB, seen and written already', () => {
    expect(entry(KERNEL_BASE)).toBe(0x63)
    expect(entry(KERNEL_BASE + 0x7ff000)).toBe(0x7ff063)
    expect(entry(KERNEL_BASE + 0x800000)).toBe(0)
  })

  it('keep the code read-only and the data writable', () => {
    expect(entry(bare.at('entry') & ~0xfff) & 0xfff).toBe(0x61)
    expect(entry((bare.at('text_end') - 1) & ~0xfff) & 0xfff).toBe(0x61)
    expect(entry(bare.at('text_end')) & 0xfff).toBe(0x63)
  })

  it('have a hole below each kernel stack', () => {
    for (let i = 0; i < 16; i++) {
      expect(entry(bare.at('kernel_stacks') + 8192 * i)).toBe(0)
      expect(entry(bare.at('kernel_stacks') + 8192 * i + 4096) & 1).toBe(1)
    }
  })

  it('show the device page, and nothing behind it', () => {
    expect(entry(0xff000000)).toBe((8 << 20) | 0x63)
    expect(entry(0xff001000)).toBe(0)
    expect(entry(0xff010000)).toBe(0)
  })

  it('have no entry where no table is', () => {
    expect(entry(0x400000)).toBe(0)
    const { eax: at } = bare.call('table_for', { eax: directory, edx: 0x400000 })
    expect(at).not.toBe(0)
    expect(bare.call('entry_of', { eax: directory, edx: 0x400000 }).eax).toBe(at)
  })
})

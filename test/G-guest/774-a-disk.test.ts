import { describe, expect, it } from 'vitest'
import { BytesFile } from '../../generated/launcher/bytes-file.ts'
import { makeKennel } from '../support/kennel.ts'
import { lines, session } from '../support/puppy.ts'

describe('G:775 a request', () => {
  it('moves a page at a time, and keeps to the disk\'s end', async () => {
    const image = makeKennel({ a: new Uint8Array(10_000).fill(65) }, 5 + 20)
    const disk = new BytesFile(image)
    const reads: number[][] = []
    const { readAt } = disk
    disk.readAt = (at, into) => {
      reads.push([at, into.length])
      return readAt.call(disk, at, into)
    }
    const { answers, status } = await session(lines('cat a | wc', 'cat a | wc'), ['--block', 'disk'], disk)
    expect(answers.slice(0, 2)).toEqual(Array(2).fill('0 lines, 10000 bytes\n'))
    const file = [[2560, 4096], [6656, 4096], [10752, 2048]]
    expect(reads).toEqual([[0, 2560], ...file, ...file])
    expect(status).toBe(0)
  })
})

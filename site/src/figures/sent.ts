/** What the records of 2007 hold, as text. */
import { lguestDma } from '../../../generated/abi/era-a.ts'
import { lgread, lgread32 } from '../../../generated/host/guest-memory.ts'
import type { Lguest } from '../../../generated/host/lg.ts'

/** The bytes that a record points to, at most so many of each section, as letters. */
export function sentText(lg: Lguest, record: number, most = 256): string {
  const { addr, len } = lguestDma
  let bytes = ''
  for (let i = 0; i < lguestDma.sections; i++) {
    const word = lgread32(lg, record + len + (i >> 1) * 4)
    const length = i & 1 ? word >>> 16 : word & 0xffff
    if (length === 0) break
    bytes += String.fromCharCode(...lgread(lg, lgread32(lg, record + addr + i * 4), Math.min(length, most)))
  }
  return bytes
}

/** What the manual leaves undefined after an instruction. */
import type { Case } from './cases.ts'

const CF = 1, PF = 4, AF = 0x10, ZF = 0x40, SF = 0x80, OF = 0x800
const ALL = CF | PF | AF | ZF | SF | OF

/** Flags that the manual leaves undefined after this instruction. */
export function undefinedFlags({ form, count, size }: Case): number {
  const name = form.instruction.name
  if (/^(and|or|xor|test)$/.test(name)) return AF
  if (/^(mul|imul.?)$/.test(name)) return SF | ZF | AF | PF
  if (/^i?div$/.test(name)) return ALL
  if (/^bs[fr]$/.test(name)) return ALL & ~ZF
  if (/^bt[src]?$/.test(name)) return ALL & ~CF & ~ZF
  if (/^(daa|das)$/.test(name)) return OF
  if (/^(aaa|aas)$/.test(name)) return OF | SF | ZF | PF
  if (/^(aam|aad)$/.test(name)) return OF | AF | CF
  if (/^(rol|ror|rcl|rcr)$/.test(name)) return count === 1 ? 0 : OF
  if (/^sh[lr]d$/.test(name)) return AF | (count === 1 ? 0 : OF)
  if (/^(shl|shr|sar)$/.test(name)) {
    return count === 0 ? 0 : AF | (count === 1 ? 0 : OF)
      | (count >= size && name !== 'sar' ? CF : 0)
  }
  return 0
}

/** Cases in which even the result is undefined. */
export function isUndefined({ form, count, size }: Case): boolean {
  const name = form.instruction.name
  return (/^sh[lr]d$/.test(name) && size === 16 && count > 16)
    || (name === 'bswap' && size === 16)
}

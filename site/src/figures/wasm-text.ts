/** Modules of WebAssembly (E:664) as text, for people: figures and tests show what a printer has said. */
import { OP } from '../../../generated/emulator/print/module.ts'

const NAMES = new Map<number, string>(
  Object.entries(OP).map(([name, b]) => [b, name]))

/** Reads what `Bytes` has written. */
class Reader {
  at = 0
  private readonly bytes: Uint8Array
  constructor(bytes: Uint8Array) { this.bytes = bytes }

  byte(): number { return this.bytes[this.at++] }
  unsigned(): number { return this.number(false) >>> 0 }
  signed(): number { return this.number(true) }
  private number(signed: boolean): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const b = this.byte()
      value |= (b & 127) << shift
      if (b >= 128) continue
      return signed && (b & 64) && shift < 28
        ? value | (-1 << (shift + 7)) : value
    }
  }
}

/** What is written behind an operation, as text. */
function rest(name: string, r: Reader, local: (n: number) => string) {
  if (name.startsWith('local.')) return ' ' + local(r.unsigned())
  if (name.includes('.load') || name.includes('.store')) {
    r.byte()
    const offset = r.unsigned()
    return offset === 0 ? '' : ` offset=${offset}`
  }
  switch (name) {
    case 'i32.const': case 'i64.const': return ` ${r.signed()}`
    case 'call': case 'br': case 'br_if': return ` ${r.unsigned()}`
    case 'call_indirect': return ` ${r.unsigned()} ${r.unsigned()}`
    case 'if': case 'loop': case 'block': r.byte(); return ''
    case 'br_table': {
      const last = r.unsigned()
      return ' ' + Array.from({ length: last + 1 }, () => r.unsigned())
        .join(' ')
    }
    default: return ''
  }
}

/** The operations of a module's first function, one a line, indented. */
export function textOf(module: Uint8Array, local: (n: number) => string) {
  const r = new Reader(module)
  for (r.at = 8; r.byte() !== 10;) {
    const size = r.unsigned()
    r.at += size
  }
  // length of the section, how many functions
  for (let skipped = 0; skipped < 2; skipped++) r.unsigned()
  const end = r.unsigned() + r.at
  // three kinds of locals; of each how many, which
  for (let skipped = 0; skipped < 7; skipped++) r.unsigned()
  const lines: string[] = []
  let depth = 0
  while (r.at < end) {
    const name = NAMES.get(r.byte())!
    if (name === 'end' || name === 'else') depth--
    lines.push('  '.repeat(Math.max(depth, 0))
      + name + rest(name, r, local))
    if (['if', 'else', 'loop', 'block'].includes(name)) depth++
  }
  return lines
}

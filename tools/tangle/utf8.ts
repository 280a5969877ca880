/**
 * The one place where bytes become text. What is not UTF-8 is refused where it
 * stands: read as something else and written back, it would be lost.
 */
import { isUtf8 } from 'node:buffer'
import { at, type Place } from './diagnostics.ts'
import { linesOf } from './lines.ts'

export type Decoded = { text: string } | { place: Place, message: string, hint: string }

/** The text of a file called `name`, or where it is none and why. */
export function decode(bytes: Buffer, name: string): Decoded {
  const utf16 = bytes.length > 1 && [0xfeff, 0xfffe].includes(bytes.readUInt16BE(0))
  if (utf16) return { place: at(name, 1, 1), message: 'this file is UTF-16', hint: 'save it as UTF-8' }
  const whole = isUtf8(bytes) ? bytes.length : firstBad(bytes)
  const text = bytes.toString('utf8', 0, whole)
  const nul = text.indexOf('\0')
  if (nul >= 0) return { place: endOf(name, text.slice(0, nul)), message: 'a NUL', hint: 'it is no text: delete it' }
  if (whole === bytes.length) return { text }
  const byte = `0x${bytes[whole].toString(16).padStart(2, '0')}`
  return { place: endOf(name, text), message: `the byte ${byte} is not UTF-8 here`, hint: 'save the file as UTF-8' }
}

/** The offset of the first byte that belongs to no character. */
function firstBad(bytes: Buffer): number {
  for (let at = 0; at < bytes.length;) {
    const lead = bytes[at]
    const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
    if (!isUtf8(bytes.subarray(at, at + length))) return at
    at += length
  }
  return bytes.length
}

function endOf(name: string, text: string): Place {
  const lines = linesOf(text)
  return at(name, lines.length, [...lines.at(-1)!].length + 1)
}

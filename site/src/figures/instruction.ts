/** One instruction of a loop, from its bytes to what the machine makes of them: record, TypeScript, WebAssembly. */
import { CATALOGUE, DECODED, Decoder, type Decoded } from '../../../generated/emulator/decode/decode.ts'
import type { Edge, Node } from '../../../generated/emulator/print/graph.ts'
import { kindOf, type Kind } from '../../../generated/emulator/print/kinds.ts'
import { Imports, moduleOf } from '../../../generated/emulator/print/module.ts'
import { localName, printRegion } from '../../../generated/emulator/print/region.ts'
import { Printer } from '../../../generated/emulator/print/typescript.ts'
import { MODE_CODE32, MODE_FLAT, MODE_FLAT_CODE, MODE_STACK32, MODE_USER } from '../../../generated/emulator/state/state.ts'
import type { LgCpu } from '../../../generated/host/lg.ts'
import { camera, hex, type Camera, type Step } from './camera.ts'
import { textOf } from './wasm-text.ts'

/** The Host's clock: who is stopped by it is, most likely, where it is hot. */
const sliceEnd = 0x20
const longest = 15
/** From the instruction that was struck to one that a region is made of. */
const mostHops = 6
/** The mode of a program whose segments are the whole memory. */
const flatUser = MODE_CODE32 | MODE_STACK32 | MODE_FLAT | MODE_FLAT_CODE | MODE_USER

/** The instruction that the end of a slice struck; if that is a jump, the one it leads to. */
export function instruction(): Camera {
  return camera(['', 'value', 'told at'], (figure, self) => ({
    trap(cpu, trap) {
      if (!self.on || figure.steps.length > 0 || trap !== sliceEnd || (cpu.reg('cs') & 3) !== 3) return
      let eip = cpu.reg('eip')
      for (let hops = 0; hops < mostHops && figure.steps.length === 0; hops++) {
        const found = decodeAt(cpu, eip)
        if (!found) return
        if (found.kind === 'plain') figure.steps.push(...stations(eip, found))
        eip += found.out.length + (found.kind === 'branch' || found.kind === 'jump' ? found.out.immediate : 0)
      }
    },
  }))
}

interface Found { out: Decoded, bytes: Uint8Array, record: Int32Array, kind: Kind }

function decodeAt(cpu: LgCpu, eip: number): Found | undefined {
  const bytes = Uint8Array.from({ length: longest }, (_, i) => guestByte(cpu, eip + i))
  const decoder = new Decoder()
  if (decoder.decode(bytes, 0, bytes.length, flatUser) !== DECODED) return undefined
  const { out } = decoder
  const record = Int32Array.of(
    out.operation | out.a << 11 | out.b << 16 | out.base << 21 | out.index << 25 | out.scale << 29,
    out.immediate, out.displacement, eip & 0xfff | 1 << 13 | out.length << 20)
  return { out, bytes, record, kind: kindOf({ at: 0, length: out.length, records: record, cold: 0 }) }
}

/** A byte of the Guest, found by the shadow tables that it runs on; the Host's own are in use now. */
function guestByte({ lg, current }: LgCpu, va: number): number {
  const { physical } = lg.host
  const top = physical.read32(lg.pgdirs[current].pgdir + (va >>> 22) * 4)
  const leaf = top & 1 ? physical.read32(((top & ~0xfff) >>> 0) + (va >>> 12 & 0x3ff) * 4) : 0
  return leaf & 1 ? physical.read8(((leaf & ~0xfff) >>> 0) + (va & 0xfff)) : 0
}

function stations(eip: number, { out, bytes, record }: Found): Step[] {
  const operation = CATALOGUE.operations[out.operation]
  const raw = [...bytes.subarray(0, out.length)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
  const step = (what: string, value: string, tag: string, words: string) => ({ cells: [what, value, tag], words })
  return [
    step('where', hex(eip), 'E:600', `The Host’s clock struck while the program was here, at ${hex(eip)} or at a jump to it. This is where it spends its time.`),
    step('bytes', raw, 'E:400', `What lies there: ${raw}.`),
    step('what they mean', `${operation.key}, operation ${operation.number} of ${CATALOGUE.operations.length}`, 'E:300',
      `The description knows them as ${operation.key}: the name, and what each operand is.`),
    step('the record', [...record].map((word) => hex(word)).join(' '), 'E:400',
      'Decoded once, they are a record of four words: operation and registers, immediate, displacement, and where it came from.'),
    ...new Printer().print(operation.steps()).map((line, i) => step(i === 0 ? 'the interpreter' : '', line, 'E:490',
      i === 0 ? `Printed as TypeScript it begins: ${line.trim()}` : `Then: ${line.trim()}`)),
    ...regionOf(out.length, record).map((line, i) => step(i === 0 ? 'the region' : '', line, 'E:875',
      i === 0 ? `Hot, it becomes a line or two of a WebAssembly function. The registers are its locals: ${line.trim()}` : `Then: ${line.trim()}`)),
  ]
}

/** What the instruction adds to a region: the text of one with it, less that of one without. */
function regionOf(length: number, record: Int32Array): string[] {
  const out = (at: number): Edge => ({ at, to: null, page: -1 })
  const text = (times: number): string[] => {
    const instructions = Array.from({ length: times }, (_, i) => ({ at: i * length, length, records: record, cold: 0 }))
    const node: Node = { instructions, next: out(times * length), taken: null, guesses: [] }
    const imports = new Imports()
    return textOf(moduleOf(imports, [printRegion(imports, node)]), localName)
  }
  const [two, three] = [text(2), text(3)]
  let same = 0
  while (same < two.length && two[same] === three[same]) same++
  return three.slice(same, same + three.length - two.length)
}

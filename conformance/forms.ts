/** Encodings, as tests choose among them. */
import { CATALOGUE } from '../generated/emulator/decode/decode.ts'
import { INTERNAL, type Form } from '../generated/emulator/isa/forms.ts'

/** Every encoding, and those of integer instructions. */
export const allForms = (): Form[] => CATALOGUE.forms.filter((f) => f.map !== INTERNAL)
export function integerForms(): Form[] {
  return allForms().filter((f) => !(f.map === 0 && ((f.opcode & 0xf8) === 0xd8 || f.opcode === 0x9b))
    && (f.map === 0 || f.map === 1 && (f.prefix === '' || f.instruction.name === 'pause')))
}

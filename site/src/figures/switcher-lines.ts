/** The Switcher's instructions as they were written, taken while it is assembled. */
import { SWITCHER_ADDR } from '../../../generated/abi/common.ts'
import { Assembler } from '../../../generated/assembler/index.ts'
import { showInstruction } from '../../../generated/assembler/operands.ts'
import { buildSwitcher } from '../../../generated/switcher/code.ts'

/** By the distance of each from the Switcher's beginning. */
export function switcherLines(): Record<number, string> {
  const lines: { text: string, at: ReturnType<Assembler['here']> }[] = []
  const { instruction, assemble } = Assembler.prototype
  const byPlace: Record<number, string> = {}
  Assembler.prototype.instruction = function (mnemonic, operands) {
    lines.push({ text: showInstruction(mnemonic, operands), at: this.here() })
    return instruction.call(this, mnemonic, operands) as typeof this
  }
  Assembler.prototype.assemble = function () {
    const program = assemble.call(this)
    for (const { text, at } of lines) byPlace[program.addressOf(at) - program.origin] = text
    return program
  }
  try {
    buildSwitcher(SWITCHER_ADDR)
  } finally {
    Object.assign(Assembler.prototype, { instruction, assemble })
  }
  return byPlace
}

/** Each page fault of a program: both tables, side by side, and who mends it. */
import { camera, entry, guestEntry, hex, mostSteps, shadowEntry, type Camera, type Step } from './camera.ts'

const pageFault = 14
/** The bit of its error code that says so. */
const fromProgram = 4

/** What the Guest's own table says, what the shadow says after it, and who mended it. */
export function faults(): Camera {
  return camera(['address', 'wanted', 'the Guest’s entry', 'its shadow, after', 'who mends it', 'told at'], (figure, self) => ({
    trap(cpu, trap, settled) {
      if (!self.on || trap !== pageFault || figure.steps.length >= mostSteps) return
      if (!(cpu.reg('errcode') & fromProgram)) return
      const { faultAddress } = cpu
      figure.steps.push(mended(faultAddress, cpu.reg('errcode') & 2 ? 'write' : 'read',
        guestEntry(cpu, faultAddress), shadowEntry(cpu, faultAddress), settled))
    },
  }))
}

function mended(at: number, wanted: string, guest: number, shadow: number, settled: boolean): Step {
  return {
    cells: [hex(at), wanted, entry(guest), entry(shadow), settled ? 'the Host, alone' : 'the Guest', settled ? 'H:330' : 'G:250'],
    words: settled
      ? `A program wants to ${wanted} at ${hex(at)}. Puppy’s table allows that, so the Host fills the shadow, and Puppy never knows.`
      : `A program wants to ${wanted} at ${hex(at)}. Puppy’s table ${guest & 1 ? 'does not allow that' : 'has nothing there'}, so the fault is Puppy’s to mend.`,
  }
}

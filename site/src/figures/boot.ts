/** A boot as a timeline: what happened first, and how many instructions the Guest had performed by then. */
import { bootColumns } from './boot-columns.ts'
import { camera, type Camera, type Figure } from './camera.ts'

const thousands = (value: number) => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',')

/** Notes from the first instruction on, whether it is told to or not, until the first script is typed. */
export function boot(): Camera {
  const seen = new Set<string>()
  return camera(bootColumns, (figure, self) => {
    self.once = true
    let [now, last, over] = [() => 0, 0, false]
    const note = (what: string, words: string) => {
      over ||= self.on
      if (over || seen.has(what)) return
      seen.add(what)
      const at = now()
      add(figure, at, at - last, what, words)
      last = at
    }
    return {
      entering({ lg }) {
        const begun = lg.host.cpu.instructions
        if (seen.size === 0) now = () => lg.host.cpu.instructions - begun
        note('the Guest is entered', 'The Host has its memory, its tables and its first instruction, and enters it.')
      },
      hypercall(_cpu, name) { note(`hypercall ${name ?? 'of no name'}`, `The kernel asks the Host for ${name ?? 'something it does not know'}.`) },
      trap(cpu, trap, settled) {
        const kind = trap === 14 ? 'page fault' : trap >= 32 ? `the Host’s own interrupt ${trap}` : `trap ${trap}`
        const whose = (cpu.reg('cs') & 3) === 3 ? 'in a program' : 'in the kernel'
        note(`${kind} ${whose}, ${settled ? 'settled by the Host' : 'left to the Guest'}`,
          settled ? 'The Host mends it, and the Guest never knows.' : 'The Guest has a handler, and the Host sends it there.')
      },
      interrupt(_cpu, irq) { note(`interrupt ${irq}`, 'A device wants the kernel, and the kernel lets itself be interrupted.') },
    }
  })
}

function add({ steps }: Figure, at: number, since: number, what: string, words: string): void {
  steps.push({ cells: [thousands(at), `+${thousands(since)}`, what], words: `After ${thousands(at)} instructions: ${what}. ${words}` })
}

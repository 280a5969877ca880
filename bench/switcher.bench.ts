/** What it costs to go into a Guest and come back, with nothing else done. */
import { TinyHost, KERNEL } from '../test/support/tiny-host.ts'
import { quickest, type Bench, type Row } from './bench.ts'

const ROUNDS = 500

/** A Guest that says `int 0x1f` for ever. */
function echo(): TinyHost {
  const host = new TinyHost({ checkTlb: false, retainContexts: true })
  host.program(KERNEL, (a) => {
    const top = a.here()
    a.int(0x1f).jmp(top)
  })
  host.birth()
  return host
}

function run(): Row[] {
  const host = echo()
  const before = host.cpu.instructions
  host.enter()
  host.enter()
  const instructions = (host.cpu.instructions - before) / 2
  const nanoseconds = quickest(() => {
    const start = performance.now()
    for (let i = 0; i < ROUNDS; i++) host.enter()
    return ((performance.now() - start) * 1e6) / ROUNDS
  })
  const note = `${instructions} instructions, Guest's included`
  return [{ what: 'there and back', value: nanoseconds, unit: 'ns', note }]
}

export default { name: 'World switch', run } satisfies Bench

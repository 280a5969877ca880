/**
 * Runs demos, one after the other, and posts what came of each: a thread of its own, so that
 * the weaver can colour code meanwhile. It is bundled with the system that it runs.
 */
import { parentPort, workerData } from 'node:worker_threads'
import type { Counts } from '../../generated/launcher/browser/counter.ts'
import { Session } from '../../generated/launcher/browser/session.ts'
import type { News, Order } from '../../generated/launcher/browser/session.ts'
import type { Camera } from '../../site/src/figures/camera.ts'
import { cameras } from '../../site/src/figures/cameras.ts'
import { ringGuest, ringMemory } from '../../site/src/figures/ring-guest.ts'
import { cardOf, wireOf } from '../../site/src/guest/wired.ts'
import { isFigure } from '../tangle/figure-kinds.ts'
import type { Demo } from './demo.ts'
import type { Recording } from './demo-run.ts'

const mostLines = 60
/** A demo that takes longer than this many seconds is none. */
const patience = 30

async function run(demo: Demo): Promise<Recording> {
  const camera = isFigure(demo.show) ? cameras[demo.show]() : undefined
  const taken = new Taken(camera)
  const other = demo.beside === undefined ? undefined : await second(demo.beside)
  const kernel = demo.show === 'ring' ? ringGuest(demo.script.join('').trimEnd().split('\n')) : undefined
  const session = new Session(kernel ? alone(kernel) : recorded(demo, other?.end), (news) => taken.hear(news))
  const timer = new Promise<number>((resolve) => {
    setTimeout(resolve, patience * 1000, -1).unref()
  })
  const status = await Promise.race([session.run(camera?.observer), timer])
  const image = kernel && { kernel: Buffer.from(kernel).toString('base64'), memory: ringMemory }
  return { ...taken.recording(status), ...(image ? { image } : {}), ...(other ? { beside: await other.leave() } : {}) }
}

/** A Guest at the other end of a wire, once it has typed `line`; it is told to leave, and says what it printed. */
async function second(line: string): Promise<{ end: MessagePort, leave(): Promise<string> }> {
  const { port1: end, port2 } = new MessageChannel()
  const taken = new Taken()
  const session = new Session({ plan: { devices: [cardOf(1)] }, script: [`${line}\n`], wires: wireOf(1, port2 as never) }, (news) => taken.hear(news))
  const life = session.run()
  while (!taken.atPromptAfter(line)) await new Promise((resolve) => setTimeout(resolve, 10))
  return { end: end as never, leave: async () => {
    const { screen } = taken.recording(0)
    session.type('halt\n')
    await life
    end.close()
    return screen
  } }
}

/** The order that a fence stands for: in counted time, unless what comes by a wire has its own. */
function recorded({ script, show }: Demo, end?: MessagePort): Order {
  return {
    plan: { deterministic: !end, trace: show === 'trace', ...(end ? { devices: [cardOf(0)] } : {}) },
    script, closing: true, counting: show === 'counts', wires: end ? wireOf(0, end) : [],
  }
}

/** A kernel that nobody types to. */
const alone = (kernel: Uint8Array): Order => ({
  plan: { deterministic: true, memory: ringMemory, kernel: 'kernel', era: 'B3' }, script: [], files: [['kernel', kernel]], closing: true,
})

/** News of a run, gathered. */
class Taken {
  private screen = ''
  private trace: string[] = []
  private counts?: Counts
  private before?: Counts
  private readonly decoder = new TextDecoder()
  private script: 'to come' | 'typed' | 'over' = 'to come'
  private readonly camera?: Camera

  constructor(camera?: Camera) {
    this.camera = camera
  }

  hear(news: News): void {
    if ('printed' in news) this.screen += this.decoder.decode(news.printed, { stream: true })
    else if ('complained' in news) this.complain(news.complained)
    else if ('counted' in news && this.script !== 'over') this.counts = news.counted
    else if ('typed' in news) this.note(news.typed)
  }

  atPromptAfter(line: string): boolean {
    return this.screen.includes(`puppy> ${line}`) && this.screen.endsWith('\npuppy> ')
  }

  private note(typed: string): void {
    this.before ??= this.counts
    this.script = typed ? 'typed' : 'over'
    if (this.camera) this.camera.on = typed !== ''
  }

  /** A line of the trace opens with the count of instructions; others are for the user. */
  private complain(line: string): void {
    if (!/^ *\d+  /.test(line)) this.screen += `${line}\n`
    else if (this.script === 'typed') this.trace.push(line)
  }

  recording(status: number): Recording {
    const { screen, before, counts } = this
    const more = this.trace.length - mostLines
    const trace = more > 0 ? [...this.trace.slice(0, mostLines), `… and ${more} lines more`] : this.trace
    const figure = this.camera?.figure
    return { screen, trace, status, figure, ...(before && counts ? { counts: { before, after: counts } } : {}) }
  }
}

for (const demo of workerData as Demo[]) parentPort!.postMessage(await run(demo))

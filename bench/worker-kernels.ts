/**
 * The kernels on our processor, timed wherever this runs: in Node, or as a
 * browser's Worker, which posts what it has measured.
 */
import type { Engine } from '../generated/emulator/index.ts'
import { buildImage } from './image.ts'
import { kernels } from './kernels.ts'
import { ourMachine, runOurs } from './ours.ts'

const WARM_MS = 250
const TURNS = 12
/** A page's clock may tick by whole milliseconds. */
const STRETCH_MS = 40

/** Millions of instructions a second, by kernel. */
export interface Rates { name: string, floating: boolean, translated: number, interpreted: number }

/** Lets promises of the engine come true: it compiles aside (E:888). */
const breathe = () => new Promise((resolve) => { setTimeout(resolve) })

export async function rates(): Promise<Rates[]> {
  const image = buildImage()
  const machines = new Map<Engine, ReturnType<typeof ourMachine>>(
    (['translated', 'interpreted'] as const).map((engine) => [engine, ourMachine(image, engine)]))
  const all: Rates[] = []
  for (const kernel of kernels) {
    const one: Rates = { name: kernel.name, floating: kernel.floating ?? false, translated: 0, interpreted: 0 }
    const turn = async (engine: 'translated' | 'interpreted') => {
      const start = performance.now()
      let [instructions, ms] = [0, 0]
      while (ms < STRETCH_MS) {
        instructions += runOurs(machines.get(engine)!, kernel)
        ms = performance.now() - start
      }
      one[engine] = Math.max(one[engine], instructions / ms / 1000)
      await breathe()
      return ms
    }
    for (let spent = 0, runs = 0; spent < WARM_MS || runs < 3; runs++) spent += await turn('translated')
    for (let n = 0; n < TURNS; n++) {
      await turn('translated')
      await turn('interpreted')
    }
    all.push(one)
  }
  return all
}

if ('WorkerGlobalScope' in globalThis) postMessage(await rates())

/**
 * The Launcher as a thread beside a page, with a camera: the Worker of D:470,
 * which also tells what a figure shows, from the keys that were typed last on.
 */
import { Session } from '../../../generated/launcher/browser/session.ts'
import type { News, Order } from '../../../generated/launcher/browser/session.ts'
import type { Message } from '../../../generated/launcher/browser/worker.ts'
import type { Camera, Figure } from '../figures/camera.ts'
import { cameras } from '../figures/cameras.ts'
import type { FigureKind } from '../../../tools/tangle/figure-kinds.ts'

export interface Filmed extends Order { film: FigureKind }

export type FilmNews = News | { readonly filmed: Figure }

const thread = globalThis as unknown as {
  postMessage(news: FilmNews): void
  onmessage: (event: { data: Message }) => void
}
/** Milliseconds between two looks at what the camera has seen. */
const interval = 250
let session: Session | undefined
let camera: Camera

/** What comes from here on came of these keys; a boot is seen to its end. */
function begin(): void {
  if (!camera.once) camera.figure.steps.length = 0
  camera.on = true
}

function run({ film, ...order }: Filmed): void {
  camera = cameras[film]()
  let told = ''
  const look = () => {
    const now = JSON.stringify(camera.figure)
    if (now !== told && camera.figure.steps.length > 0) thread.postMessage({ filmed: camera.figure })
    told = now
  }
  const timer = setInterval(look, interval)
  session = new Session(order, (news) => {
    if ('typed' in news) begin()
    // A page that hears of the end ends this thread.
    if ('ended' in news) look()
    thread.postMessage(news)
  })
  session.run(camera.observer).catch((error: unknown) => {
    setTimeout(() => { throw error }, 0)
  }).finally(() => {
    clearInterval(timer)
    look()
  })
}

thread.onmessage = ({ data }) => {
  if ('order' in data) run(data.order as Filmed)
  else if ('pause' in data) session?.pause(data.pause)
  else {
    begin()
    session?.type(data.keys)
  }
}

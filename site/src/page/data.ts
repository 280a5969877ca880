/**
 * Data that a page fetches when it is first asked for. It comes as a script
 * that calls back, since that works from a file, where fetching does not.
 */
const arrived = new Map<string, unknown>()
const waiting = new Map<string, Promise<unknown>>()

declare global {
  var journeyData: (name: string, value: unknown) => void
}
globalThis.journeyData = (name, value) => { arrived.set(name, value) }

/** Address of a file of the site, as seen from this page. */
export const fromRoot = (path: string) => (document.documentElement.dataset.root ?? '') + path

/** The data of that name, from `data/NAME.js`; rejects where there is none. */
export function load<T>(name: string): Promise<T> {
  const known = waiting.get(name)
  if (known) return known as Promise<T>
  const promise = new Promise<unknown>((resolve, reject) => {
    const script = Object.assign(document.createElement('script'), { src: fromRoot(`data/${name}.js`) })
    script.onload = () => resolve(arrived.get(name))
    script.onerror = () => {
      waiting.delete(name)
      reject(new Error(`no data ${name}`))
    }
    document.head.append(script)
  })
  waiting.set(name, promise)
  return promise as Promise<T>
}

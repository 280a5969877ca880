/** Lets the browser keep the site for when there is no network, once the page has nothing else to do. */
import { fromRoot } from './data.ts'

export function keepForOffline(): void {
  const sparing = (navigator as { connection?: { saveData?: boolean } }).connection?.saveData
  const changing = document.querySelector('script[src$="live.js"]') !== null
  if (!('serviceWorker' in navigator) || sparing || changing) return
  const register = () => void navigator.serviceWorker.register(fromRoot('offline.js')).catch(() => {
    // Some browsers allow it nowhere, others not here. The pages are the same without.
  })
  const idle = window.requestIdleCallback ?? ((begin: () => void) => setTimeout(begin, 2000))
  addEventListener('load', () => idle(register), { once: true })
}

/**
 * The site without a network: a service worker that keeps every page since the
 * first was opened. With a network what comes is what the network has.
 *
 * The weave puts `siteFiles` in front, so that this script differs whenever any file does.
 */
declare const siteFiles: { version: string, files: string[] }

/** What a service worker sees of itself, as far as we ask. */
interface Scope {
  readonly registration: { readonly scope: string }
  skipWaiting(): Promise<void>
  readonly clients: { claim(): Promise<void> }
  addEventListener(type: 'install' | 'activate', hear: (event: { waitUntil(done: Promise<unknown>): void }) => void): void
  addEventListener(type: 'fetch', hear: (event: { request: Request, respondWith(answer: Promise<Response>): void }) => void): void
}

const scope = self as unknown as Scope
const prefix = 'journey '
const cacheName = `${prefix}${scope.registration.scope} ${siteFiles.version}`
/** Requests at a time: somebody may be reading. */
const lanes = 4

/** All files, a few at a time; a browser that has one already asks only whether it has changed. */
async function keepAll(): Promise<void> {
  const cache = await caches.open(cacheName)
  const waiting = siteFiles.files.values()
  const lane = async () => {
    for (const file of waiting) await cache.add(new Request(new URL(file, scope.registration.scope), { cache: 'no-cache' }))
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

/** Drops what older versions of this same site have kept. */
async function dropOld(): Promise<void> {
  const own = `${prefix}${scope.registration.scope} `
  const old = (await caches.keys()).filter((name) => name.startsWith(own) && name !== cacheName)
  await Promise.all(old.map((name) => caches.delete(name)))
  await scope.clients.claim()
}

async function answer(request: Request): Promise<Response> {
  try {
    return await fetch(request)
  } catch (error) {
    const url = request.url.replace(/\/(?=$|[?#])/, '/index.html')
    const kept = await (await caches.open(cacheName)).match(url, { ignoreSearch: true })
    if (kept) return kept
    throw error
  }
}

scope.addEventListener('install', (event) => event.waitUntil(keepAll().then(() => scope.skipWaiting())))
scope.addEventListener('activate', (event) => event.waitUntil(dropOld()))
scope.addEventListener('fetch', (event) => {
  const { request } = event
  const ours = request.method === 'GET' && request.url.startsWith(scope.registration.scope)
  if (ours && !request.url.endsWith('/live')) event.respondWith(answer(request))
})

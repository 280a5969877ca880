/** The index in which the pages search their own text: Pagefind's, made of the chapters. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A chapter as it is indexed: address and HTML. */
export interface Indexed { url: string, html: string }

/**
 * The files of the index, by their path under pagefind/. What was made for the
 * same `key` is found again in `cache`. Where Pagefind has no program for this
 * kind of machine, there are none, and the pages search names alone.
 */
export async function searchIndex(pages: () => Indexed[], key: string, cache: string): Promise<Map<string, Buffer>> {
  const stamp = join(cache, 'key')
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== key) {
    const files = await makeIndex(pages())
    rmSync(cache, { recursive: true, force: true })
    for (const [path, bytes] of files) {
      mkdirSync(dirname(join(cache, 'files', path)), { recursive: true })
      writeFileSync(join(cache, 'files', path), bytes)
    }
    mkdirSync(cache, { recursive: true })
    writeFileSync(stamp, key)
  }
  return readAll(join(cache, 'files'))
}

function readAll(folder: string): Map<string, Buffer> {
  if (!existsSync(folder)) return new Map()
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return new Map(entries.map((entry) => {
    const path = join(entry.parentPath, entry.name)
    return [path.slice(folder.length + 1), readFileSync(path)]
  }))
}

/** What of Pagefind's files the pages use; the rest is its own dialogs. */
const used = /^(pagefind\.js|pagefind-worker\.js|pagefind-entry\.json|wasm\..*|.*\.pf_\w+)$/

async function makeIndex(pages: Indexed[]): Promise<[string, Uint8Array][]> {
  const { createIndex, close } = await import('pagefind')
  const { index } = await createIndex({ excludeSelectors: ['pre', 'svg', '.note-mark', '.anchor', '.tag', '.number', 'figcaption', '.about', '.part', '.closing'] }).catch(() => ({ index: undefined }))
  if (!index) return []
  for (const { url, html } of pages) await index.addHTMLFile({ url, content: html })
  const { files } = await index.getFiles()
  await close()
  return files.filter(({ path }) => used.test(path.split('/').at(-1)!)).map(({ path, content }) => [path, content])
}

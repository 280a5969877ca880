/** Each promise of SECURITY.md names its tests, and they exist. */
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const root = new URL('../../', import.meta.url)
const page = readFileSync(new URL('SECURITY.md', root), 'utf8')
const promised = page.slice(page.indexOf('## What is promised'), page.indexOf('## What is not promised'))
/** What is promised: list items, and paragraphs that hold a promise by themselves. */
const promises = promised.split(/\n(?=- |\*\*)/).slice(1).filter((text) => text.startsWith('- ') || text.includes('.** '))

test('there are promises', () => {
  expect(promises.length).toBeGreaterThan(8)
})

test.each(promises.map((text) => [text.replace(/\s+/g, ' ').slice(0, 60), text]))('%s…', (_start, text) => {
  const files = [...text.matchAll(/`(test\/[^`]+)`/g)].map(([, file]) => file)
  expect(files.length, 'tests it names').toBeGreaterThan(0)
  for (const file of files) expect(existsSync(new URL(file, root)), file).toBe(true)
})

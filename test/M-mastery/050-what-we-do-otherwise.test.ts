/** The chapter names what is met otherwise or not yet, all of it and nothing else. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { namesIn } from '../documents/names.ts'

const read = (path: string) =>
  readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8')
const elsewhere: Record<string, { how: string, why: string }> = JSON.parse(read('test/documents/elsewhere.json'))
const [told, missing] = read('journey/M-mastery/050-what-we-do-otherwise.md').split('## Not built yet')
const named = (text: string) => [...namesIn(`'${text.replace(/['"`]/g, '').replace(/\s+/g, ' ')}'`)].sort()
const listed = (...how: string[]) =>
  Object.keys(elsewhere).filter((id) => how.includes(elsewhere[id].how)).sort()

test('every statement met by an equivalent, or by structure, is told, and no other', () => {
  expect(named(told)).toEqual(listed('equivalent', 'by structure'))
})

test('every statement that waits is in the list at the end, and no other', () => {
  expect(named(missing)).toEqual(listed('not yet'))
})

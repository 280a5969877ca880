/** The book itself, as `check` sees it. */
import { expect, test } from 'vitest'
import { checkPictures, checkTypes, checkWidths } from '../../tools/tangle/check.ts'
import { Diagnostics, format } from '../../tools/tangle/diagnostics.ts'
import { checkRooms, checkTangler } from '../../tools/tangle/rooms.ts'
import { read } from '../../tools/tangle/tangle.ts'
import { project, text } from './fixture.ts'

const book = await read(project)

const formatted = (out: Diagnostics) => out.all.map(format)

test('it tangles', () => {
  expect(book.errors.map(format)).toEqual([])
})

test('lines in fences fit a page', () => {
  const out = new Diagnostics()
  checkWidths(book.chapters, out)
  expect(formatted(out)).toEqual([])
})

test('pictures can be drawn', () => {
  const out = new Diagnostics()
  checkPictures(book.chapters, out)
  expect(formatted(out)).toEqual([])
})

test('imports follow the arrows of the house', () => {
  const out = new Diagnostics()
  checkRooms(book.files, out)
  checkTangler(project, out)
  expect(formatted(out)).toEqual([])
})

test('a chapter is one sitting', () => {
  const long = book.chapters.filter(({ path }) => text(project, path).split('\n').length > 900)
  expect(long.map(({ path }) => path)).toEqual([])
})

test('the type checker is content', async () => {
  expect((await checkTypes(project, book.texts)).lines).toEqual([])
}, 120_000)

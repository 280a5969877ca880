import { expect, test } from 'vitest'
import { scan } from '../../tools/tangle/scan.ts'

const texts = (...lines: string[]) => scan(lines).map(({ tokens }, i) =>
  tokens.map(({ start, end, kind }) => `${kind[0]}:${lines[i].slice(start, end)}`))

test('words, marks, strings and comments', () => {
  expect(texts("const a = b >>> 0x1f // why")).toEqual(
    [['w:const', 'w:a', 'm:=', 'w:b', 'm:>>>', 'w:0x1f', 'c:// why']])
  expect(texts("f('a // b', \"c\\\"\")")).toEqual([['w:f', 'm:(', "s:'a // b'", 'm:,', 's:"c\\""', 'm:)']])
})

test('a slash divides after a value and opens a regular expression elsewhere', () => {
  expect(texts('a / b / c')).toEqual([['w:a', 'm:/', 'w:b', 'm:/', 'w:c']])
  expect(texts("x = /[/'`]/g")).toEqual([['w:x', 'm:=', "s:/[/'`]/g"]])
  expect(texts('return /"/')).toEqual([['w:return', 's:/"/']])
  expect(texts('(a) / 2 // `')).toEqual([['m:(', 'w:a', 'm:)', 'm:/', 'w:2', 'c:// `']])
})

test('templates nest, and span lines', () => {
  expect(texts('`a${`b${c}`}d`')).toEqual([['s:`a${', 's:`b${', 'w:c', 'm:}', 's:`', 'm:}', 's:d`']])
  const lines = scan(['x = `one', '  two ${ {a: 1} } three', '` + y'])
  expect(lines.map(({ inside }) => inside)).toEqual(['code', 'template', 'template'])
  expect(texts('`${', 'a', '}b', '` // c')).toEqual([['s:`${'], ['w:a'], ['m:}', 's:b'], ['s:`', 'c:// c']])
})

test('block comments span lines', () => {
  expect(scan(['/* a', 'b', '*/ c']).map(({ inside }) => inside)).toEqual(['code', 'comment', 'comment'])
  expect(texts('a /* b */ c')).toEqual([['w:a', 'c:/* b */', 'w:c']])
})

test('an escaped line end keeps a template open', () => {
  expect(scan(['`a\\', 'b`', 'c']).map(({ inside }) => inside)).toEqual(['code', 'template', 'code'])
})

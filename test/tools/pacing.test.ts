/** Code comes to a reader at a walking pace. */
import { expect, test } from 'vitest'
import { Diagnostics, format } from '../../tools/tangle/diagnostics.ts'
import { outline } from '../../tools/tangle/markdown.ts'
import { checkPacing, readPacing } from '../../tools/tangle/pacing.ts'
import { book, project } from './fixture.ts'

const code = (lines: number, attributes = '{#a}') =>
  `\`\`\`ts ${attributes}\n${'x()\n'.repeat(lines)}\`\`\`\n`

function errors(text: string, longer: Record<string, string> = {}, parts = 'L'): string[] {
  const out = new Diagnostics()
  checkPacing([{ path: 'journey/a.md', part: 'L', ...outline(text) }], { parts, longer }, () => text, out)
  return out.all.map((d) => format(d).split('\n')[0])
}

test.each([
  ['forty lines with a sentence are fine', `# L:000 A\n\nThis.\n\n${code(40)}`, []],
  ['one more is not', `# L:000 A\n\nThis.\n\n${code(41)}`,
    ['journey/a.md:5:1: this fence has 41 lines, more than 40']],
  ['two side by side', `# L:000 A\n\nThis.\n\n${code(3)}\n${code(3)}`,
    ['journey/a.md:11:1: no sentence between this fence and the one before']],
  ['a heading is no sentence', `# L:000 A\n\nThis.\n\n${code(3)}\n## L:010 B\n\n${code(3)}`,
    ['journey/a.md:13:1: no sentence between this fence and the one before']],
  ['a folded one between does not count', `# L:000 A\n\nThis.\n\n${code(3)}\n${code(9, '{#b .hidden}')}\nThat.\n\n${code(3)}`, []],
  ['nor does it part', `# L:000 A\n\nThis.\n\n${code(3)}\n${code(9, '{#b .hidden}')}\n${code(3)}`,
    ['journey/a.md:23:1: no sentence between this fence and the one before']],
  ['out of the blue', `# L:000 A\n\n${code(16)}`, ['journey/a.md:3:1: 16 lines out of the blue']],
  ['fifteen may come so', `# L:000 A\n\n${code(15)}`, []],
  ['after a heading', `# L:000 A\n\nThis.\n\n${code(2)}\nThat.\n\n## L:010 B\n\n${code(16)}`,
    ['journey/a.md:14:1: 16 lines out of the blue']],
  ['imports are folded', `# L:000 A\n\nThis.\n\n${code(2, '{#a-imports}')}`,
    ['journey/a.md:5:1: imports in full view']],
])('%s', (_, text, expected) => expect(errors(text)).toEqual(expected))

test('an exception is named with its reason, and no longer than it is needed', () => {
  const long = `# L:000 A\n\nThis.\n\n${code(41)}`
  expect(errors(long, { a: 'one table' })).toEqual([])
  expect(errors(`# L:000 A\n\nThis.\n\n${code(4)}`, { a: 'one table' }))
    .toEqual(["journey/pacing.json:1:1: no fence 'a' needs an exception"])
})

test('parts that are not named go as they like', () => {
  expect(errors(`# L:000 A\n\n${code(99)}`, {}, 'H')).toEqual([])
})

test('a book without the file sets no pace; every exception of ours has a reason', () => {
  expect(readPacing(book({ 'L-launcher/000-a.md': '# L:000 A\n' })).parts).toBe('')
  for (const reason of Object.values(readPacing(project).longer)) expect(reason).toMatch(/\w+ \w+ \w+/)
})

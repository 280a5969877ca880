/** What a chapter shows as printed is repeated by its test, or dated. */
import { expect, test } from 'vitest'
import { Diagnostics } from '../../tools/tangle/diagnostics.ts'
import { checkOutputs } from '../../tools/tangle/outputs.ts'
import { read } from '../../tools/tangle/tangle.ts'
import { book, text, write } from './fixture.ts'

const fence = (...lines: string[]) => `\`\`\`text\n${lines.join('\n')}\n\`\`\`\n`
const trace = fence('      64  trap  page fault at 0x0: settled')
const session = fence('puppy> echo woof', 'woof', 'puppy> halt')
const table = fence('            before  after', 'a switch       21     78', 'a call         29     33')

/** The lines of the chapter at which output is held by nothing. */
async function unheld(chapter: string, itsTest = ''): Promise<number[]> {
  const root = book({ 'L-launcher/000-a.md': `# L:000 A\n\n${chapter}` })
  if (itsTest) write(root, 'test/L-launcher/000-a.test.ts', itsTest)
  const out = new Diagnostics()
  checkOutputs((await read(root)).chapters, root, (path) => text(root, path), out)
  return out.all.map(({ line }) => line)
}

test.each([['a trace', trace], ['a session', session], ['a table', table]])('%s needs a test or a day', async (_, shown) => {
  expect(await unheld(shown)).toEqual([3])
  expect(await unheld(`On 29 November 2026:\n\n${shown}`)).toEqual([])
  expect(await unheld(`${shown}\nMeasured 2026-11-29.\n`)).toEqual([])
  expect(await unheld(shown, "read('000-a.md')")).toEqual([])
})

test('the day of another section is not this one\'s', async () => {
  expect(await unheld(`## L:005 One\n\nOn 29 November 2026:\n\n${trace}\n## L:010 B\n\n${trace}`)).toEqual([13])
  expect(await unheld(`All on 29 November 2026.\n\n## L:005 One\n\n${trace}\n## L:010 B\n\n${trace}`)).toEqual([])
})

test('the answers of a session may stand in the test', async () => {
  expect(await unheld(session, "expect(out).toContain('woof')")).toEqual([])
  expect(await unheld(session, "expect(out).toContain('miaow')")).toEqual([3])
})

test('commands, layouts and code are no output', async () => {
  expect(await unheld(fence('npm start', 'puppy> ps') + fence('0  type  1  2', '4  bytes  3  4')
    + trace.replace('text', 'ts {.ignore}'))).toEqual([])
})

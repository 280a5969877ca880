/** Modules that import each other's values cannot be read one after the other. */
import { expect, test } from 'vitest'
import { checkCircles, circles } from '../../tools/tangle/circles.ts'
import { checkRooms, checkTangler } from '../../tools/tangle/rooms.ts'
import { Diagnostics, format } from '../../tools/tangle/diagnostics.ts'
import { read } from '../../tools/tangle/tangle.ts'
import { book, write } from './fixture.ts'

const among = (modules: Record<string, string>) =>
  circles(new Map(Object.entries(modules))).map(({ path }) => path.join(' '))

test.each([
  ['no circle', { 'a.ts': "import { b } from './b.ts'", 'b.ts': '' }, []],
  ['two', { 'a.ts': "import { b } from './b.ts'", 'b.ts': "import { a } from './a.ts'" }, ['a.ts b.ts']],
  ['itself', { 'a.ts': "import { a } from './a.ts'" }, ['a.ts']],
  ['across folders, and lines', {
    'x/a.ts': "import {\n  b,\n} from '../y/b.ts'", 'y/b.ts': "import '../x/a.ts'",
  }, ['x/a.ts y/b.ts']],
  ['handing on is importing', { 'a.ts': "export { b } from './b.ts'", 'b.ts': "export * from './a.ts'" }, ['a.ts b.ts']],
  ['one for a knot of several', {
    'a.ts': "import './b.ts'\nimport './c.ts'", 'b.ts': "import './c.ts'", 'c.ts': "import './a.ts'",
  }, ['a.ts b.ts c.ts']],
  ['types may look both ways', {
    'a.ts': "import type { B } from './b.ts'", 'b.ts': "import { a } from './a.ts'\nexport type { A } from './a.ts'",
  }, []],
  ['what only looks like it', { 'a.ts': "// import { a } from './a.ts'\nconst s = `import './a.ts'`" }, []],
])('%s', (_, modules, expected) => expect(among(modules as Record<string, string>)).toEqual(expected))

test("it is said at the chapter's line, or at the tool's", async () => {
  const root = book({
    'L-launcher/000-a.md': "# L:000 A\n\nOne.\n\n```ts {file=a.ts}\nimport { b } from './b.ts'\nexport const a = () => b\n```\n\n"
      + "Two.\n\n```ts {file=b.ts}\nimport { a } from './a.ts'\nexport const b = () => a\n```\n",
  })
  write(root, 'tools/x.ts', "\nimport './y.ts'\n")
  write(root, 'tools/y.ts', "import './x.ts'\n")
  const out = new Diagnostics()
  checkCircles((await read(root)).files, root, out)
  expect(out.all.map((d) => format(d).split('\n')[0])).toEqual([
    'journey/L-launcher/000-a.md:6:1: a circle of imports: a.ts → b.ts → a.ts',
    'tools/x.ts:2:1: a circle of imports: tools/x.ts → tools/y.ts → tools/x.ts',
  ])
})

test('an arrow between rooms, and one out of the tangler, may not be turned round', async () => {
  const file = (path: string, target: string) =>
    `One.\n\n\`\`\`ts {file=${path}}\nimport { x } from '${target}'\nexport { x }\n\`\`\`\n\n`
  const root = book({
    'L-launcher/000-a.md': '# L:000 A\n\n' + file('host/a.ts', '../launcher/x.ts') + file('emulator/state/a.ts', '../memory/x.ts')
      + file('emulator/memory/a.ts', '../state/x.ts') + file('emulator/fpu/a.ts', '../machine.ts') + file('emulator/machine.ts', './run/x.ts'),
  })
  write(root, 'tools/tangle/a.ts', "import { b } from '../../site/src/b.ts'\nexport { c } from './c.ts'\n")
  const out = new Diagnostics()
  checkRooms((await read(root)).files, out)
  checkTangler(root, out)
  expect(out.all.map((d) => format(d).split('\n')[0])).toEqual([
    'journey/L-launcher/000-a.md:6:14: host must not import from launcher',
    'journey/L-launcher/000-a.md:13:14: emulator/state must not import from emulator/memory',
    'journey/L-launcher/000-a.md:27:14: emulator/fpu must not import from emulator/machine.ts',
    'tools/tangle/a.ts:1:1: the tangler imports site/src/b.ts',
  ])
})

/** The commands as a user runs them, each in a small project of its own. */
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { cloneProject, copyOf, edit, project, text, tree, write } from './fixture.ts'

const chapter = 'journey/L-launcher/000-division.md'
const testFile = 'test/L-launcher/000-division.test.ts'

function run(root: string, ...command: string[]) {
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, VITEST: undefined }
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: root, env, encoding: 'utf8' })
  return { status, stdout, stderr }
}

describe('bin/lguest', () => {
  test('tangles, bundles and runs the Launcher, with nothing else on stdout', () => {
    const root = cloneProject()
    for (const arguments_ of [['a', 'b'], ['c']]) {
      const { status, stdout, stderr } = run(root, 'bin/lguest.mjs', ...arguments_)
      expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: `session ${arguments_.join(' ')}\n`, stderr: '' })
    }
  })

  test('runs what the chapter says now', () => {
    const root = cloneProject()
    run(root, 'bin/lguest.mjs')
    edit(root, chapter, '`session ', '`meeting ')
    expect(run(root, 'bin/lguest.mjs', 'a').stdout).toBe('meeting a\n')
  })

  test('dies with a trace that names the chapter', () => {
    const { status, stderr } = run(cloneProject(), 'bin/lguest.mjs', 'die')
    expect(status).toBe(1)
    expect(stderr).toContain('Error: divisor is zero')
    expect(stderr).toMatch(/at divide \(.*journey\/L-launcher\/000-division\.md:30:33\)/)
    expect(stderr).toMatch(/journey\/L-launcher\/000-division\.md:11:3/)
  })

  test('says where a chapter is wrong, and starts nothing', () => {
    const root = cloneProject()
    edit(root, chapter, '{#check-the-divisor}', '{#check-the-divisors}')
    const { status, stdout, stderr } = run(root, 'bin/lguest.mjs')
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toContain(`${chapter}:17:3: chunk <<Check the divisor>> is not defined`)
  })

  test('needs to write nothing after npm ci', () => {
    const root = cloneProject()
    expect(run(root, 'bin/journey.mjs', 'prepare').status).toBe(0)
    const before = tree(join(root, '.cache'))
    expect(run(root, 'bin/lguest.mjs', 'a').stdout).toBe('session a\n')
    expect(tree(join(root, '.cache'))).toEqual(before)
  })

  test('starts what the chapters say, also if they say again what they once said', () => {
    const root = cloneProject()
    run(root, 'bin/lguest.mjs', 'a')
    edit(root, chapter, '`session ', '`meeting ')
    expect(run(root, 'bin/journey.mjs', 'prepare').status).toBe(0)
    edit(root, chapter, '`meeting ', '`session ')
    expect(run(root, 'bin/lguest.mjs', 'a').stdout).toBe('session a\n')
  })

  test.skipIf(process.getuid?.() === 0)('says who may write, if it may not', () => {
    const root = cloneProject()
    chmodSync(join(root, '.cache'), 0o555)
    edit(root, chapter, '`session ', '`meeting ')
    const { status, stdout, stderr } = run(root, 'bin/lguest.mjs')
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toMatch(/^cannot write \S+: run npm ci as the owner of that folder\n$/)
  })

  test('says where code does not parse', () => {
    const root = cloneProject()
    edit(root, chapter, 'return a / b', 'return a / / b')
    const { status, stderr } = run(root, 'bin/lguest.mjs')
    expect(status).toBe(1)
    expect(stderr).toMatch(/^journey\/L-launcher\/000-division\.md:18:\d+: this does not parse: .+\n1 error\n$/)
  })
})

test('bin/lguest says which import of which chapter leads nowhere', () => {
  const root = cloneProject()
  edit(root, chapter, "const words", "import '../multiply.ts'\nconst words")
  const { status, stderr } = run(root, 'bin/lguest.mjs')
  expect(stderr).toBe(`${chapter}:8:8: Could not resolve "../multiply.ts"\n`)
  expect(status).toBe(1)
})

describe('check', () => {
  test('is content with what is right', () => {
    const { status, stderr } = run(cloneProject(), 'bin/journey.mjs', 'check')
    expect(stderr).toMatch(/^tangled 2 files, 2 written \(\d+ ms\)\n$/)
    expect(status).toBe(0)
  })

  test('reports types and widths at the lines of the chapter', () => {
    const root = cloneProject()
    edit(root, chapter, "return 'never'", `return ${'7'.repeat(90)}`)
    const { status, stderr } = run(root, 'bin/journey.mjs', 'check')
    expect(stderr).toContain(`${chapter}:22:81: this line has 99 columns`)
    expect(stderr).toContain(`${chapter}:22:3: error TS2322: Type 'number' is not assignable`)
    expect(stderr).toContain('2 errors')
    expect(status).toBe(1)
  })

  test('reports an import against the arrows of the house, and one of the platform', () => {
    const root = cloneProject()
    write(root, 'journey/H-host/000-host.md', `# H:000

\`\`\`ts {file=host/core.ts}
import { readFileSync } from 'node:fs'
export const core = [divide, readFileSync, one]
\`\`\`

\`\`\`ts {file=abi/one.ts}
export const one = 1
\`\`\`
`)
    const { status, stderr } = run(root, 'bin/journey.mjs', 'check')
    expect(stderr.split('\n').slice(1).join('\n')).toBe(`journey/H-host/000-host.md:4:25: host/core.ts imports node:fs
    only launcher/node/ and launcher/browser/ know the platform
journey/H-host/000-host.md:5:1: host must not import from launcher
    host knows abi, assembler, emulator, switcher
2 errors
`)
    expect(status).toBe(1)
  })

  test('reports a type error in an indented chunk at its own column', () => {
    const root = cloneProject()
    edit(root, chapter, "text = 'divisor'", 'text: number = true')
    const { stderr } = run(root, 'bin/journey.mjs', 'check')
    expect(stderr).toContain(`${chapter}:30:9: error TS2322`)
  })

  test('reports syntax errors at the lines of the chapter', () => {
    const root = cloneProject()
    edit(root, chapter, 'return a / b', 'return a / / b')
    const { status, stderr } = run(root, 'bin/journey.mjs', 'check')
    expect(stderr).toMatch(/000-division\.md:18:\d+: this does not parse/)
    expect(status).toBe(1)
  })
})

describe('test', () => {
  test('runs the tests of a tag', () => {
    const { status, stdout } = run(cloneProject(), 'bin/journey.mjs', 'test', 'L:010')
    expect(stdout).toMatch(/✓ test\/L-launcher\/000-division\.test\.ts/)
    expect(stdout.trimEnd()).toMatch(/\n1 passed, 0 failed, 0 skipped$/)
    expect(status).toBe(0)
  })

  test('a failing test names the line of the chapter', () => {
    const root = cloneProject()
    write(root, testFile, text(root, testFile).replace('divide(4, 2)', 'divide(4, 0)'))
    const { status, stdout, stderr } = run(root, 'bin/journey.mjs', 'test')
    expect(stderr).toMatch(/divide journey\/L-launcher\/000-division\.md:30:33/)
    expect(stdout.trimEnd()).toMatch(/\n0 passed, 1 failed, 0 skipped$/)
    expect(status).toBe(1)
  })

  test('an unknown tag is refused with a hint', () => {
    const { status, stderr } = run(cloneProject(), 'bin/journey.mjs', 'test', 'L:020')
    expect(stderr).toContain('no heading carries the tag L:020; near it are L:000, L:010')
    expect(status).toBe(1)
  })

  test('a coverage report names the lines of the chapter', () => {
    const root = cloneProject()
    const { stdout } = run(root, 'bin/journey.mjs', 'test', '--coverage')
    // the main program, neverCalled() and the throw of a zero divisor
    expect(stdout).toMatch(/000-division\.md *\|.*\| 8-11,22,30 *\n/)
  })
})

test.each(['', 'tangle', 'untangle', 'check', 'test', 'watch'])('--help of %s', (command) => {
  const { status, stdout } = run(project, 'bin/journey.mjs', ...command.split(' ').filter(Boolean), '--help')
  expect(stdout).toMatch(/^Usage: journey/)
  expect(status).toBe(0)
})

test('a misspelt option or command is one line', () => {
  const { status, stderr } = run(project, 'bin/journey.mjs', 'tangel')
  expect(status).toBe(1)
  expect(stderr).toContain("unknown command 'tangel'\n(Did you mean tangle?)")
})

test('without packages it says what to do', () => {
  const root = copyOf('project')
  for (const part of ['bin', 'tools', 'package-lock.json']) {
    cpSync(join(project, part), join(root, part), { recursive: true })
  }
  const { status, stderr } = run(root, 'bin/lguest.mjs')
  expect({ status, stderr }).toEqual({ status: 1, stderr: 'the packages are not installed: run npm ci\n' })
  expect(existsSync(join(root, 'generated'))).toBe(false)
})

/** Whatever the system refuses is one line; tools that run at once do not hurt each other. */
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Assembler } from '../../generated/assembler/index.ts'
import { explain, Failure, Missing } from '../../tools/tangle/door.ts'
import { at } from '../../tools/tangle/diagnostics.ts'
import { writeWhole } from '../../tools/tangle/files.ts'
import { withLock } from '../../tools/tangle/lock.ts'
import { cloneProject, edit, project, scratch, text, tree, write } from './fixture.ts'

const chapter = 'journey/L-launcher/000-division.md'
const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, VITEST: undefined }

function run(root: string, ...command: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: root, env, encoding: 'utf8' })
  return { status, stdout, stderr }
}

function running(root: string, ...command: string[]): Promise<{ status: number | null, output: string }> {
  const child = spawn(process.execPath, command, { cwd: root, env })
  let output = ''
  child.stdout.on('data', (bytes) => { output += bytes })
  child.stderr.on('data', (bytes) => { output += bytes })
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, output })))
}

test('an error of the system in one line', () => {
  const error = (fields: object) => Object.assign(new Error('x'), fields)
  expect(explain(error({ code: 'ENOSPC', syscall: 'write', path: '/a' }))).toBe('cannot write /a: no space is left')
  expect(explain(error({ code: 'ELOOP', syscall: 'stat', path: '/a\nb' }))).toBe('cannot read /a\\x0ab: its links lead in a circle')
  expect(explain(error({ code: 'EADDRINUSE', syscall: 'listen', address: '127.0.0.1', port: 80 })))
    .toBe('cannot listen at 127.0.0.1:80: another program listens there')
  const location = { file: 'site/src/a.ts', line: 3, column: 4 }
  expect(explain(error({ errors: [{ text: 'Expected ";"', location }] }))).toBe('site/src/a.ts:3:5: Expected ";"')
  expect(explain(new Missing('vitest'))).toBe("the package 'vitest' is not installed: run npm ci")
  expect(explain(new Failure('no text', at('a.md', 1, 2), 'write it'))).toBe('a.md:1:2: no text\n    write it')
  expect(explain(new TypeError('x is not a function\nmore'))).toMatch(/^the tools failed: x is not a function \(.*door\.test\.ts:\d+:\d+\)$/)
})

test('machine code that cannot be assembled: its place, and what is wrong', () => {
  const of = (write: (a: Assembler) => void): string => {
    try {
      const a = new Assembler(0)
      write(a)
      a.assemble()
    } catch (error) {
      return explain(error)
    }
    throw new Error('it was assembled')
  }
  expect(of((a) => { a.asm`
    incc eax
  ` })).toMatch(/^test\/tools\/door\.test\.ts:\d+:5: there is no instruction incc$/)
  expect(of((a) => { a.jmp(a.label('nowhere')) })).toMatch(/^test\/tools\/door\.test\.ts:\d+:\d+: jmp nowhere.*$/)
})

test('a Launcher whose machine code cannot be assembled says so in one line', () => {
  const root = cloneProject()
  edit(root, 'journey/L-launcher/000-division.md', 'export function divide(', `if (process.argv[2] === 'wrong') {
  const error = new Error(\`\${import.meta.url}:40:7: inc tixks: nothing is bound to tixks\`)
  throw Object.assign(error, { name: 'AssemblyError' })
}
export function divide(`)
  const { status, stdout, stderr } = run(root, 'bin/lguest.mjs', 'wrong')
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(stderr).toMatch(/^\S+:\d+:\d+: .*nothing is bound to tixks\n$/)
})

test.each<[string, (root: string) => void, RegExp]>([
  ['a folder where a file is to be', (root) => mkdirSync(join(root, 'generated/launcher/divide.ts'), { recursive: true }),
    /^cannot read \S+divide\.ts: it is a folder\n$/],
  ['a pipe where a file is to be', (root) => {
    mkdirSync(join(root, 'generated/launcher'), { recursive: true })
    spawnSync('mkfifo', [join(root, 'generated/launcher/divide.ts')])
  }, /^cannot read \S+divide\.ts: it is a pipe\n$/],
  ['a file where a folder is to be', (root) => write(root, 'generated/launcher', ''),
    /^cannot (?:make|write) \S+: (?:a file stands where a folder must|it exists already)\n$/],
  ['a chapter that is a folder', (root) => mkdirSync(join(root, 'journey/L-launcher/010-x.md')), /^cannot read \S+: it is a folder\n$/],
  ['links in a circle', (root) => symlinkSync('S-loop', join(root, 'journey/S-loop')), /^cannot read \S+S-loop: its links lead in a circle\n$/],
  ['a file for .cache', (root) => write(root, 'generated/.cache', ''), /^cannot (?:make|write) \S+: (?:a file stands where a folder must|it exists already)\n$/],
])('%s: one line, and nothing by halves', (_, make, line) => {
  const root = cloneProject()
  make(root)
  const before = Object.keys(tree(join(root, 'journey')))
  const { status, stdout, stderr } = run(root, 'bin/journey.mjs', 'tangle')
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(stderr).toMatch(line)
  expect(Object.keys(tree(join(root, 'journey')))).toEqual(before)
  const halves = (readdirSync(root, { recursive: true }) as string[]).filter((name) => name.endsWith('.half'))
  expect(halves).toEqual([])
})

test.skipIf(!existsSync('/dev/full'))('a full disk leaves no half', () => {
  const folder = scratch()
  const { status, stderr } = spawnSync('sh', ['-c', 'ulimit -f 1; exec "$0" "$@"', process.execPath, '--import', 'tsx/esm',
    '--input-type=module', '-e', `import { writeWhole } from ${JSON.stringify(join(project, 'tools/tangle/files.ts'))}
import { explain } from ${JSON.stringify(join(project, 'tools/tangle/door.ts'))}
process.on('SIGXFSZ', () => {})
try { writeWhole(${JSON.stringify(join(folder, 'a'))}, 'x'.repeat(100000)) } catch (error) { console.error(explain(error)); process.exitCode = 3 }`],
  { cwd: project, env, encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 3, stderr: `cannot write ${join(folder, 'a')}: it is too large\n` })
  expect(readdirSync(folder)).toEqual([])
})

test('the site says in one line that its port is taken', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => { other.close() })
  await new Promise((resolve) => other.once('listening', resolve))
  const { port } = other.address() as { port: number }
  const root = cloneProject()
  cpSync(join(project, 'site'), join(root, 'site'), { recursive: true, filter: (path) => !path.endsWith('dist') })
  const { status, output } = await running(root, 'bin/run.mjs', 'tools/weave/main.ts', 'site', '--port', String(port))
  expect(output).toMatch(new RegExp(`\\ncannot listen at 127\\.0\\.0\\.1:${port}: another program listens there\\n`))
  expect(status).toBe(1)
})

test('six Launchers at once, nothing tangled and nothing bundled yet', async () => {
  for (let round = 0; round < 3; round++) {
    const root = cloneProject()
    const ends = await Promise.all(Array.from({ length: 6 }, (_, i) => running(root, 'bin/lguest.mjs', String(i))))
    expect(ends).toEqual(ends.map((_, i) => ({ status: 0, output: `session ${i}\n` })))
    const left = readdirSync(join(root, '.cache')).filter((name) => name.startsWith('generator-') || /\.\d+$/.test(name) || name.endsWith('.half'))
    expect(left).toEqual([])
  }
}, 120_000)

test('tangles and untangles at once carry an edit, and lose nothing', async () => {
  const root = cloneProject()
  run(root, 'bin/journey.mjs', 'tangle')
  edit(root, 'generated/launcher/divide.ts', 'a / b', 'a / b + 0')
  const ends = await Promise.all(['untangle', 'untangle', 'untangle', 'untangle'].map((command) => running(root, 'bin/journey.mjs', command)))
  expect(ends.map(({ status }) => status)).toEqual([0, 0, 0, 0])
  expect(ends.filter(({ output }) => output.includes('→'))).toHaveLength(1)
  expect(text(root, chapter)).toContain('a / b + 0')
})

test('a lock whose owner has gone holds nobody up', async () => {
  const folder = scratch()
  const gone = spawnSync(process.execPath, ['-e', 'console.log(process.pid)'], { encoding: 'utf8' }).stdout.trim()
  write(folder, '.cache/lock', gone)
  const order: number[] = []
  const slow = (n: number) => withLock(folder, async () => {
    order.push(n)
    await new Promise((resolve) => setTimeout(resolve, 30))
    order.push(n)
  })
  await Promise.all([1, 2, 3].map(slow))
  expect([0, 2, 4].map((i) => order[i] === order[i + 1])).toEqual([true, true, true])
  expect(readdirSync(join(folder, '.cache'))).toEqual([])
})

test('what a pipe no longer takes is no error', async () => {
  const root = cloneProject()
  const { status, stderr } = spawnSync('sh', ['-c', '"$0" bin/journey.mjs --help | true', process.execPath], { cwd: root, env, encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})

test.skipIf(process.getuid?.() === 0)('a folder that may not be written', () => {
  const folder = scratch()
  chmodSync(folder, 0o555)
  expect(() => writeWhole(join(folder, 'a'), 'x')).toThrow(/EACCES/)
})

test('a package that is not there is named', () => {
  const root = cloneProject()
  rmSync(join(root, 'node_modules'))
  mkdirSync(join(root, 'node_modules'))
  for (const name of readdirSync(join(project, 'node_modules'))) {
    if (!['vitest', 'tsx', 'typescript'].includes(name)) symlinkSync(join(project, 'node_modules', name), join(root, 'node_modules', name))
  }
  writeFileSync(join(root, 'x.ts'), '')
  expect(run(root, 'bin/journey.mjs', 'test').stderr).toMatch(/\nthe package 'vitest' is not installed: run npm ci\n$/)
  expect(run(root, 'bin/run.mjs', 'x.ts')).toMatchObject({ status: 1, stderr: 'the development packages are not installed: run npm ci\n' })
})

test('a Launcher that fails under the profiler fails the bench', () => {
  const { status, stderr } = run(project, 'bin/run.mjs', 'bench/main.ts', '--profile', '64', '/nope')
  expect(stderr).toMatch(/^lguest: .*\/nope: no such file\n/)
  expect(status).toBe(1)
}, 120_000)

test('the help of npm run conformance shows what its options are by default', () => {
  const { stdout } = run(project, 'bin/run.mjs', 'conformance/main.ts', '--help')
  expect(stdout.replace(/\s+/g, ' ')).toContain('by a comma or a pattern (default: all)')
})

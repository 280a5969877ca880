/** The archive of `npm pack`, installed where there is no book. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readArguments } from '../../generated/launcher/arguments.ts'

const folder = mkdtempSync(join(tmpdir(), 'pack-'))
const installed = join(folder, 'node_modules/lguest-journey')
const npm = (args: string[], cwd: string) =>
  execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

beforeAll(() => {
  npm(['pack', '--pack-destination', folder], process.cwd())
  npm(['install', '--offline', '--omit=optional', '--prefix', folder,
    join(folder, 'lguest-journey-0.1.0.tgz')], folder)
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true }))

describe('npm pack', () => {
  const lguest = join(folder, 'node_modules/.bin/lguest')

  it('boots Puppy elsewhere, without the tools of the book or a package beside it', () => {
    expect(existsSync(join(folder, 'node_modules/commander'))).toBe(false)
    expect(existsSync(join(installed, 'tools'))).toBe(false)
    expect(execFileSync(lguest, { input: 'echo hello\nhalt\n', encoding: 'utf8', cwd: folder }))
      .toMatch(/Puppy wakes[^]*puppy> echo hello\nhello\npuppy> halt\n/)
  }, 60_000)

  it('says in one line what a tap would need', () => {
    const tap = () => execFileSync(lguest, ['--tunnet=192.168.19.1'], { encoding: 'utf8', cwd: folder, input: '', stdio: 'pipe' })
    expect(tap).toThrow(/koffi: npm install koffi\n$/)
  }, 60_000)

  it('has a page for man with every option of the help', () => {
    const { man } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as { man: unknown }
    expect(man, 'npm links what stands in a list').toEqual(['./dist/lguest.1'])
    const page = readFileSync(join(installed, 'dist/lguest.1'), 'utf8')
    const help = readArguments(['--help'])
    const options = 'text' in help ? help.text.match(/^ {2}-.*?-[a-z]+(?= )/gm)! : []
    expect(options.length).toBeGreaterThan(10)
    for (const option of options.filter((line) => !line.includes('--help'))) {
      expect(page).toContain(`.B ${option.trim().replaceAll('-', '\\-')}`)
    }
    expect(page).not.toMatch(/^\.(?!TH|SH|SS|TP|PP|B|EX|EE)/m)
  })

  it('carries the licenses of what is inside', () => {
    expect(readFileSync(join(installed, 'dist/LICENSES.txt'), 'utf8')).toMatch(/^commander \S+ \(MIT\)/)
  })
})

import { readFileSync } from 'node:fs'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { readArguments, VERSION } from
  '../../generated/launcher/arguments.ts'
import type { Plan } from '../../generated/launcher/plan.ts'
import { main } from '../../generated/launcher/main.ts'
import { FakePlatform } from './fakes.ts'
import { Farewell } from '../../generated/launcher/farewell.ts'

const plan = (line: string): Plan => {
  const result = readArguments(line.split(' ').filter(Boolean))
  if ('text' in result) throw new Error('a text, not a plan')
  return result
}
const MB = 1 << 20

describe('L:105 arguments', () => {
  it('boots Puppy when there is nothing to say', () => {
    expect(plan('')).toEqual({ memory: 32 * MB, kernel: null,
      kernelArguments: [], strays: [], initrd: null, devices: [], verbose: false,
      deterministic: false, engine: 'translated', era: null, syscallVector: null, stats: false, trace: false })
    expect(plan('--memory 16 -v')).toMatchObject(
      { memory: 16 * MB, kernel: null, verbose: true })
  })

  it('takes memory in megabytes, as 64 or 64m (B-L-005)', () => {
    expect(plan('64 vmlinux').memory).toBe(64 * MB)
    expect(plan('64m vmlinux').memory).toBe(64 * MB)
    expect(plan('64MB vmlinux').memory).toBe(64 * MB)
  })

  it('takes units, and whole megabytes only', () => {
    expect(plan('1g vmlinux').memory).toBe(1024 * MB)
    expect(plan('512MiB vmlinux').memory).toBe(512 * MB)
    expect(plan('65536K vmlinux').memory).toBe(64 * MB)
    expect(plan('-m 1G').memory).toBe(1024 * MB)
    for (const size of ['65535k', '2g', '64mm', '64b', '1.5g', '-1']) {
      expect(() => plan(`--memory=${size}`)).toThrow(`memory size '${size}'`)
    }
  })

  it('gives all that follows the kernel to the Guest (B-L-010)', () => {
    expect(plan('64 vmlinux root=/dev/lgba -v --block=x quiet'))
      .toMatchObject({ kernel: 'vmlinux', verbose: false, devices: [],
        kernelArguments: ['root=/dev/lgba', '-v', '--block=x', 'quiet'] })
  })

  it('finds among them what is spelled like an option of ours, up to a --', () => {
    expect(plan('-v 64 vmlinux quiet --initrd=x --block y -v --memoryless=1 block=z').strays)
      .toEqual(['--initrd=x', '--block', '-v'])
    expect(plan('64 vmlinux quiet -v -- --verbose').strays).toEqual(['-v'])
    expect(plan('64 vmlinux -- -v').strays).toEqual([])
    expect(plan('-v --initrd=x 64 vmlinux').strays).toEqual([])
  })

  it.each([[''], ['--guest']])('mentions them on stderr in one line, once for each kernel (%s)', async (second) => {
    const platform = new FakePlatform()
    platform.console.isTerminal = false
    const guest = ['64', 'vmlinux', '--initrd=x', 'quiet', '-v']
    const line = second ? ['--guest', ...guest, '--guest', ...guest] : guest
    expect(await main(line, platform)).toBe(1)
    const said = platform.err.filter((text) => text.includes('behind it on the line'))
    expect(said).toHaveLength(second ? 2 : 1)
    for (const text of said) expect(text).toMatch(/: --initrd=x -v$/)
    const silent = new FakePlatform()
    await main(['64', 'vmlinux', 'quiet'], silent)
    expect(silent.err.join()).not.toContain('behind it')
  })

  it('takes options before the memory and before the kernel', () => {
    expect(plan('--initrd=rd 64 -v vmlinux --initrd=other')).toMatchObject({
      initrd: 'rd', verbose: true, kernel: 'vmlinux',
      kernelArguments: ['--initrd=other'] })
    expect(plan('--block 1 64 vmlinux')).toMatchObject({ memory: 64 * MB,
      devices: [{ kind: 'block', path: '1' }] })
    expect(plan('-- 64 -odd-name- x').kernel).toBe('-odd-name-')
  })

  it('keeps devices in the order of the line (B-L-007, B-L-122)', () => {
    expect(plan('--block=b --block a 64 k').devices.map((d) => 'path' in d && d.path))
      .toEqual(['b', 'a'])
  })

  it.each([
    ['vmlinux', "'vmlinux' alone"],
    ['64', "'64' alone"],
    ['--bogus 64 vmlinux', "unknown option '--bogus'"],
    ['--blok=x', "unknown option '--blok=x'"],
    ['--block', 'argument missing'],
    ['vmlinux 64', "memory size 'vmlinux'"],
    ['0 vmlinux', "memory size '0'"],
    ['99999 vmlinux', "memory size '99999'"],
    ['-m none', "memory size 'none'"],
    ['--memory=64 64 vmlinux', '--memory sizes Puppy'],
    ['--syscall-vector=31', "'31' is no vector"],
    ['--syscall-vector=sixty', "'sixty' is no vector"],
  ])('%s is one line and status 1 (B-L-008, B-L-009)', (line, words) => {
    let thrown: unknown
    try {
      plan(line)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(Farewell)
    const farewell = thrown as Farewell
    expect(farewell.message).toContain(words)
    expect(farewell.message).not.toContain('\n')
    expect(farewell.status).toBe(1)
  })

  it('prints help and version as texts, not errors', () => {
    const help = readArguments(['--help'])
    expect('text' in help && help.text).toContain('MEMORY KERNEL')
    expect('text' in help && help.text).toMatch(/^Disks:\n.*--block/m)
    expect(readArguments(['--version'])).toEqual({ text: `${VERSION}\n` })
  })

  it('has an example in each group of the help that asks for something', () => {
    const help = readArguments(['--help'])
    if (!('text' in help)) throw new Error('no text')
    const groups = help.text.split(/\n(?=[A-Z][A-Za-z ]+:\n)/).slice(1)
    expect(groups.map((group) => group.split('\n')[0])).toEqual(
      ['The Guest:', 'Disks:', 'Networks:', 'Several Guests:', 'Looking on:', 'About:'])
    for (const group of groups.slice(0, -1)) {
      const example = /^ {4}lguest (.*)$/m.exec(group)?.[1] ?? ''
      expect(() => plan(example), example).not.toThrow()
      expect(group.split(/\s+/).some((word) => word.startsWith('--')
        && example.includes(word)), group).toBe(true)
    }
  })

  it('has the version of the package', () => {
    const manifest = JSON.parse(readFileSync('package.json', 'utf8'))
    expect(VERSION).toBe(manifest.version)
  })
  it('leaves the carrying out of a plan without any parser, or other package', async () => {
    const { metafile } = await build({ entryPoints: ['generated/launcher/launch.ts'],
      bundle: true, write: false, metafile: true, platform: 'browser', logLevel: 'silent' })
    const inputs = Object.keys(metafile.inputs)
    expect(inputs).toContain('generated/host/host.ts')
    expect(inputs.filter((path) => !path.startsWith('generated/'))).toEqual([])
  })
})

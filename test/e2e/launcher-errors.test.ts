/** Mistakes of a user: one line, status 1, no trace. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bytes, elf } from '../L-launcher/fakes.ts'
import { launcher, shell, throughPipes } from './launching.ts'

const folder = mkdtempSync(join(tmpdir(), 'lguest-'))
const file = (name: string, content: Uint8Array) => {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}
beforeAll(() => throughPipes(['--version']), 60_000)
afterAll(() => rmSync(folder, { recursive: true }))

describe('a mistake is one line on stderr and status 1', () => {
  const text = file('text', bytes('This is no kernel.\n'.repeat(10)))
  const short = file('short', bytes('tiny'))
  const stranger = file('stranger', elf(
    [{ virtual: 0xc0100000, physical: 0x100000, data: bytes('no mark') }],
  ).bytes)
  const rd = file('rd', new Uint8Array(2 << 20))
  const disk = file('disk', bytes('x'.repeat(1024)))

  it.each([
    ['a missing kernel', ['64', '/no/such/kernel'], 'no such file'],
    ['a directory', ['64', folder], 'it is a directory'],
    ['a text', ['64', text], 'text: Could not find kernel in bzImage, nor is it an ELF'],
    ['a short file', ['64', short], 'short: Reading kernel: the file is too short'],
    ['a kernel of others', ['64', stranger], 'stranger: Is this image a genuine lguest?'],
    ['a bad option', ['--frobnicate'], "unknown option '--frobnicate'"],
    ['one plain argument', ['vmlinux'], "'vmlinux' alone"],
    ['no size', ['lots', stranger], "memory size 'lots'"],
    ['a missing disk', [`--block=${disk}`, '--block=/no/disk'], '/no/disk'],
    ['a missing initrd', ['--initrd=/no/rd'], '/no/rd'],
    ['an initrd too large', ['--memory=2', `--initrd=${rd}`], 'rd: the initrd does not fit'],
    ['a wire to nobody', ['--wire=20000-no.such.host.invalid:20001'], "nobody here knows a host 'no.such.host.invalid'"],
    ['a device', ['64', '/dev/zero'], '/dev/zero: it is neither a file nor a disk'],
    ['a file that cannot be read', ['64', '/proc/self/mem'], '/proc/self/mem: input or output error'],
  ])('%s', async (_what, args, words) => {
    const { status, out, err } = await throughPipes(args)
    expect(err).toMatch(/^lguest: [^\n]+\n$/)
    expect(err).toContain(words)
    expect(out).toBe('')
    expect(status).toBe(1)
  })

  it('more memory than there is', async () => {
    const { status, out, err } = await shell('ulimit -v 3000000; '
      + `node ${launcher} --memory 1792 </dev/null`)
    expect(err).toBe('lguest: no 1792 MB of memory to be had here\n')
    expect({ status, out }).toEqual({ status: 1, out: '' })
  })

  it('while help and version are no mistakes', async () => {
    const help = await throughPipes(['--help'])
    expect(help).toMatchObject({ status: 0, err: '' })
    expect(help.out).toContain('MEMORY KERNEL')
    expect(await throughPipes(['--version'])).toMatchObject({ status: 0 })
  })
})

import { expect, test } from 'vitest'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NasmRunner, parseFixture, runNasm } from '../../conformance/nasm.ts'

/** An ELF image with one segment of `code` at 0x80000. */
function image(code: number[]): Buffer {
  const bytes = Buffer.alloc(0x100 + code.length)
  bytes.writeUInt32LE(0x80000, 24)
  bytes.writeUInt32LE(52, 28)
  bytes.writeUInt16LE(1, 44)
  const header = [1, 0x100, 0x80000, 0x80000, code.length, code.length]
  header.forEach((word, i) => bytes.writeUInt32LE(word, 52 + i * 4))
  Buffer.from(code).copy(bytes, 0x100)
  return bytes
}

/** A fixture with these registers, everything else zero. */
function fixture(registers: number[], eip: number, signal = ''): string {
  const zeros = (n: number) => Array(n).fill('0')
  const all = [...registers, eip, ...zeros(8 + 16 + 32 + 0x800), 2, 0xffff, 0]
  return `Breakpoint 1${signal && ` (signal ${signal})`}\n`
    + `---BEGIN JSON---\n[${all.join(', ')}]\n---END JSON---\n`
}

const runner = new NasmRunner()
const wanted = (text: string) => parseFixture(text)!

test('a program that sets EAX passes, and fails with another value', () => {
  // mov esp, 0; mov eax, 5; hlt
  const code = image([0xbc, 0, 0, 0, 0, 0xb8, 5, 0, 0, 0, 0xf4])
  const good = wanted(fixture([5, 0, 0, 0, 0, 0, 0, 0], 0x8000a))
  expect(runner.run(code, good).filter((d) => d !== 'no FXSAVE')).toEqual([])
  const bad = wanted(fixture([6, 0, 0, 0, 0, 0, 0, 0], 0x8000a))
  expect(runner.run(code, bad)).toContain('eax 5, not 6')
})

test.each([
  ['MOV from segment register 7', [0x8c, 0x3f], 'SIGILL'],
  ['UD2', [0x0f, 0x0b], 'SIGILL'],
  ['a division by zero', [0xf7, 0xf1], 'SIGFPE'],
  ['HLT\'s neighbour, a port', [0xcd, 0x42], 'SIGSEGV'],
])('%s ends as it does on hardware', (_name, bytes, signal) => {
  // mov esp, 0x102000 first
  const code = image([0xbc, 0, 0x20, 0x10, 0, ...bytes, 0xf4])
  const end = wanted(fixture([0, 0, 0, 0, 0, 0, 0, 0], 0x80005, signal))
  expect(runner.run(code, end)).toEqual([])
})

test('what is no folder, or no fixture, is one line that names it', () => {
  const run = (folder: string) => () => runNasm(folder, /./, () => {})
  const folder = mkdtempSync(join(tmpdir(), 'nasm-'))
  const missing = join(folder, 'missing')
  expect(run(missing)).toThrow(`${missing}: ENOENT: no such file or directory`)
  expect(run(folder)).toThrow(`${folder}: no NAME.img beside a NAME.fixture`)
  writeFileSync(join(folder, 'a.img'), image([0xf4]))
  for (const text of ['', '---BEGIN JSON---\n[1, 2]\n---END JSON---\n', fixture([0, 0, 0, 0, 0, 0, 0, 0], 0x80000).slice(0, 3000)]) {
    writeFileSync(join(folder, 'a.fixture'), text)
    expect(run(folder)).toThrow(`${join(folder, 'a.fixture')}: not what gdb prints`)
  }
  rmSync(folder, { recursive: true })
})

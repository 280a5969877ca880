// Texts against people who read the same language: what iced-x86 spells is
// read by us, what we spell is read by GNU as, and every form is in both.
import { execFileSync, spawnSync } from 'node:child_process'
import {
  mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Formatter, FormatterSyntax, MemorySizeOptions } from 'iced-x86'
import { describe, expect, it } from 'vitest'
import {
  al, asm, Assembler, AssemblyError, eax, ebx, ecx, esi, formsOf, mem, mnemonics,
} from '../../generated/assembler/index.ts'
import type {
  Mnemonic, Operand, Reg32,
} from '../../generated/assembler/index.ts'
import { showInstruction } from '../../generated/assembler/operands.ts'
import { decode, disassemble } from '../support/disassemble.ts'
import { cloneProject, edit, project, text, write } from '../tools/fixture.ts'
import { ORIGIN, PREFIXES, samplesFor } from './support/samples.ts'

/** A template that was made while the test runs. */
function template(...pieces: string[]): TemplateStringsArray {
  return Object.assign([...pieces], { raw: pieces })
}

function assemble(text: string, origin = ORIGIN): Uint8Array {
  return new Assembler(origin).asm(template(text)).assemble().bytes
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** Every form with every sample, as methods write it. */
function everything(): { mnemonic: Mnemonic; operands: Operand[] }[] {
  return mnemonics.filter((mnemonic) => !PREFIXES.includes(mnemonic))
    .flatMap((mnemonic) => formsOf(mnemonic).flatMap((form) =>
      samplesFor(form).map((operands) => ({ mnemonic, operands }))))
}

/** The bytes of one instruction at ORIGIN; null where methods refuse it. */
function bytesOf(mnemonic: Mnemonic, operands: Operand[]): Uint8Array | null {
  try {
    const a = new Assembler(ORIGIN)
    return a.instruction(mnemonic, operands).assemble().bytes
  } catch (error) {
    if (error instanceof AssemblyError) return null
    throw error
  }
}

/** What iced-x86 says of some bytes, in the words of our tables. */
function spelled(bytes: Uint8Array): string {
  const formatter = new Formatter(FormatterSyntax.Nasm)
  formatter.hexPrefix = '0x'
  formatter.hexSuffix = ''
  formatter.showBranchSize = false
  formatter.memorySizeOptions = MemorySizeOptions.Always
  const [instruction] = decode(bytes, ORIGIN)
  return formatter.format(instruction)
    .replace(/^wait$/, 'fwait')
    .replace(/^notrack /, '') // how it reads a DS before an indirect jump
    .replace(/^(jmp|call) (?=\w+:)/, '$1 far ')
    .replace(/^imul (\w+),(-?\d\w*)$/, 'imul $1,$1,$2')
}

/** The same instruction, be it spelled in another way. */
function alike(mnemonic: Mnemonic, bytes: Uint8Array): string {
  return /^(xchg|lea)$/.test(mnemonic) ? meant(mnemonic, bytes) : hexOf(bytes)
}

/** What an instruction does, in whatever form. */
function meant(mnemonic: Mnemonic, bytes: Uint8Array): string {
  const text = spelled(bytes).replace(/\[(e(?!bp)\w\w)\*1/, '[$1')
  if (mnemonic !== 'xchg') return text
  return text.replace(/^xchg (.+),(.+)$/, (_, a, b) => [a, b].sort().join())
}

/** How we write an instruction. */
function spelling(mnemonic: Mnemonic, operands: Operand[]): string {
  const text = showInstruction(mnemonic, operands)
  if (!mnemonic.endsWith('Far')) return text.replace('in_', 'in')
  return text.replace('Far', ' far').replace(', ', ':')
}

/** The same for GNU as, where sizes are pointers and distances have a dot. */
function gnuSpelling(text: string): string {
  return text
    .replace(/(byte|word|dword) \[/, '$1 ptr [')
    .replace(/\[(\ws):/, '$1:[')
    .replace(/far (?=[-\d])/, '').replace('far ', 'fword ptr ')
    .replace(/^(j\w+|call|loop\w*) (-?\d\w*)$/, (_, word, target) =>
      `${word} . + ${(Number(target) - ORIGIN) | 0}`)
}

/** What GNU as makes of some instructions; null if it is not there. */
function gnu(texts: string[]): Uint8Array[] | null {
  const dir = mkdtempSync(join(tmpdir(), 'gnu-as-'))
  const at = (name: string) => join(dir, name)
  try {
    const lines = texts.map((text) => `${gnuSpelling(text)}\n.balign 16\n`)
    writeFileSync(at('a.s'), `.intel_syntax noprefix\n${lines.join('')}`)
    execFileSync('as', ['--version'])
    execFileSync('as', ['--32', '-W', '-o', at('a.o'), at('a.s')])
    execFileSync('objcopy', ['-O', 'binary', '-j', '.text', at('a.o'), at('a')])
    const image = readFileSync(at('a'))
    return texts.map((_, i) => image.subarray(16 * i, 16 * i + 16))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  } finally {
    rmSync(dir, { recursive: true })
  }
}

describe('every form', () => {
  it('is read as iced-x86 spells it', () => {
    let read = 0
    for (const { mnemonic, operands } of everything()) {
      const bytes = bytesOf(mnemonic, operands)
      if (!bytes) continue
      const text = spelled(bytes)
      expect(alike(mnemonic, assemble(text)), `${mnemonic}: ${text}`)
        .toBe(alike(mnemonic, bytes))
      read++
    }
    expect(read).toBeGreaterThan(6000)
  })

  it('is read by GNU as, as we spell it', (test) => {
    const texts = everything().flatMap(({ mnemonic, operands }) => {
      const bytes = bytesOf(mnemonic, operands)
      return bytes ? [{ text: spelling(mnemonic, operands), mnemonic, bytes }] : []
    })
    const theirs = gnu(texts.map(({ text }) => text))
    if (!theirs) return test.skip('no GNU as that knows --32')
    texts.forEach(({ text, mnemonic, bytes }, i) => {
      expect(hexOf(assemble(text)), text).toBe(hexOf(bytes))
      expect(meant(mnemonic, theirs[i]), text).toBe(meant(mnemonic, bytes))
    })
  })
})

describe('a text', () => {
  it('and methods write the same', () => {
    const a = new Assembler(ORIGIN)
    const next = a.label()
    a.mov(esi, a.at('table')).bind(next).cmp(mem(esi, 8).dword, 5).je(next)
    a.lock().xadd(mem({ base: ebx, index: ecx, scale: 4 }), eax).rep().movsd()
    a.align(4).bind(a.at('table')).dd(a.at('end').minus(a.at('table')), -1)
    a.dw(2).db(3).bind(a.at('end'))
    const b = new Assembler(ORIGIN).asm`
          mov   esi, table       ; the first, at ${esi}
      .next:
          cmp   dword [esi + ${4} + 4], ${5}
          je    .next
          lock xadd [ebx + ecx*4], ${eax}
          rep movsd
          align 4
      table: dd end - table, -1
          dw    0x2
          db    3
      end:
    `
    expect(hexOf(b.assemble().bytes)).toBe(hexOf(a.assemble().bytes))
    expect(b.assemble().symbols).toEqual(a.assemble().symbols)
  })

  it('takes operands, labels and numbers of the program around it', () => {
    const a = new Assembler(0)
    const top = a.here()
    a.asm`
      mov ${ebx}, ${mem(ecx, 4)}
      lea eax, [${ebx} + ${ecx}*8 - ${2}]
      jmp ${top}
    `
    expect(disassemble(a.assemble().bytes)).toEqual([
      'mov ebx,[ecx+4]', 'lea eax,[ebx+ecx*8-2]', 'jmp short 0'])
  })

  it('pushes and pops several, in the order of writing', () => {
    const a = new Assembler(0)
    a.asm`
      push  ebx dword [eax] ${5} 6 - 1
      pop   ${ebx} es
    `
    expect(disassemble(a.assemble().bytes)).toEqual([
      'push ebx', 'push dword [eax]', 'push 5', 'push 5', 'pop ebx', 'pop es'])
  })

  it('has local labels under each label', () => {
    const a = new Assembler(0)
    a.asm`
      one: jmp .x
      .x: hlt
      two: jmp .x
      .x: hlt
    `
    const { bytes, symbols } = a.assemble()
    expect(disassemble(bytes)).toEqual([
      'jmp short 2', 'hlt', 'jmp short 5', 'hlt'])
    expect([...symbols.keys()]).toEqual(['one', 'two'])
  })

  it('takes in others, each with its own labels', () => {
    const twice = (register: Reg32) => asm`
      .again: inc ${register}
          jz .again
    `
    const a = new Assembler(0)
    a.asm`
      .again:
          ${twice(eax)}
          ${twice(ebx)}
          jmp .again
    `
    expect(disassemble(a.assemble().bytes)).toEqual([
      'inc eax', 'je short 0', 'inc ebx', 'je short 3', 'jmp short 0'])
  })

  it('takes in several at once, as a table gives them', () => {
    const a = new Assembler(0)
    a.asm`
          ${[eax, ebx].map((register) => asm`inc ${register}`)}
          ret
    `
    expect(disassemble(a.assemble().bytes)).toEqual(['inc eax', 'inc ebx', 'ret'])
    expect(() => new Assembler(0).asm(template('mov eax, ', '\n'), [asm`ret`]))
      .toThrow('has to stand alone in its line')
  })

  it('knows characters by their numbers', () => {
    const quoted = assemble(`cmp al, '~'\ncmp al, ';'\ncmp al, '''\ncmp al, '"' ; '`)
    expect(quoted).toEqual(assemble('cmp al, 126\ncmp al, 59\ncmp al, 39\ncmp al, 34'))
    expect(() => assemble(`cmp al, 'ab'`)).toThrow(`' has no meaning here`)
  })

  it('is read once, however often it is written', () => {
    const text = template('\n  mov eax, ', '\n')
    let pieces = 0
    const counted = Object.assign([...text], {
      get raw() { pieces++; return [...text] } })
    const a = new Assembler(0)
    for (let n = 0; n < 5; n++) a.asm(counted, n)
    expect(pieces).toBe(1)
    expect(a.assemble().bytes.length).toBe(25)
  })
})

describe('a mistake', () => {
  const inner = asm`
    hlt
    nop eax, eax
  `
  /** What is said, the words it points to, and the text. */
  const cases: [string, string, (a: Assembler) => void][] = [
    ['there is no instruction mvo', 'mvo eax', (a) => a.asm`
      hlt
      mvo eax, ebx`],
    ['] was expected', ', 17', (a) => a.asm`
      mov eax, [ebx + 4, 17
    `],
    ['( has no meaning here', '(ebx', (a) => a.asm`
      mov eax, (ebx)`],
    ['an operand was expected', '*4', (a) => a.asm`mov eax, *4`],
    ['there is no .nxet', '.nxet', (a) => a.asm`
      .next:

      jne  .nxet`],
    ['.x stands here twice', '.x:  hlt', (a) => a.asm`
      .x:
      .x:  hlt`],
    ['a scale is 1, 2, 4 or 8', '3]', (a) => a.asm`
      mov al, [eax*3]`],
    ['no line begins with ,', ', hlt', (a) => a.asm`
      , hlt`],
    ['ebx was not expected here', 'ebx', (a) => a.asm`
      inc eax ebx`],
    ['a value was not expected here', '${ebx}', (a) => a.asm`
      inc eax ${ebx}`],
    ['mov eax, bl: no form takes', 'mov eax, bl', (a) => a.asm`
      hlt
        mov eax, bl
    `],
    ['add al, 0x12c: the number is out of range', 'add ${al}', (a) => a.asm`
      hlt
        add ${al}, ${300}`],
    ['inc [eax]: how wide is the memory?', 'inc [eax]', (a) => a.asm`
      hlt
      inc [eax]`],
    ['an address: goes in [ ]', 'mov eax', (a) => a.asm`
      mov eax, ebx + 4`],
    ['edx: is one register too many', 'mov', (a) => a.asm`
      mov eax, [ebx + ecx + edx]`],
    ['ecx: cannot be subtracted', 'mov', (a) => a.asm`
      mov eax, [ebx - ecx]`],
    ['bx: is no address', 'mov', (a) => a.asm`
      mov eax, [bx]`],
    ['a sum: has one label more', 'mov', (a) => a.asm`
      x: mov eax, x + x`],
    ['a sum: is of registers', 'mov', (a) => a.asm`
      mov eax, [${mem(ebx)} + 4]`],
    ['only a fragment can stand alone', '${eax}', (a) => a.asm`

      ${eax}`],
    ['a fragment: has to stand alone', 'jmp ${', (a) => a.asm`
      jmp ${inner}`],
    ['jmp nowhere: nothing is bound to nowhere', 'jmp now', (a) => a.asm`
      jmp nowhere`],
    ['dd nowhere: nothing is bound to nowhere', 'dd now', (a) => a.asm`
      x: dd nowhere`],
    ['loop 0x9000: the target is too far', 'loop ${', (a) => a.asm`
      x:
      loop ${0x9000}`],
    ['x: is bound twice', 'x:  hlt', (a) => a.asm`
      x:
    `.asm`
      x:  hlt`],
    ['db: takes numbers and labels only', 'db eax', (a) => a.asm`
      db eax`],
  ]
  const file = fileURLToPath(import.meta.url)
  const source = readFileSync(file, 'utf8')

  /** Where the words stand, behind what is said and themselves in quotes. */
  function placeOf(problem: string, words: string): string {
    const entry = source.indexOf(`['${problem}', '${words}'`)
    const quoted = source.indexOf(words, entry + problem.length + 4)
    const rows = source.slice(0, source.indexOf(words, quoted + 1)).split('\n')
    return `${file}:${rows.length}:${rows.at(-1)!.length + 1}`
  }

  function mistake(write: (a: Assembler) => void): AssemblyError {
    const a = new Assembler(0)
    try {
      write(a)
      a.assemble()
    } catch (error) {
      if (error instanceof AssemblyError) return error
      throw error
    }
    throw new Error('it was accepted')
  }

  it.each(cases)('%s', (problem, words, write) => {
    const { message, stack } = mistake(write)
    const place = placeOf(problem, words)
    expect(message.slice(0, place.length + 2)).toBe(`${place}: `)
    expect(message).toContain(problem)
    expect(stack).toContain(`\n    at asm (${place})\n`)
  })

  it('in a fragment is shown where the fragment stands', () => {
    const { message } = mistake((a) => a.asm`
      ${inner}`)
    const row = source.slice(0, source.indexOf('nop eax, eax')).split('\n').length
    expect(message).toContain(`${file}:${row}:5: nop eax, eax: `)
  })

})

const CHAPTER = `# L:020 A chapter with a mistake

\`\`\`ts {file=puppy/mistake.ts}
import { Assembler } from '../assembler/index.ts'

export function mistake(): void {
  // <<where it is made>>
}
\`\`\`

\`\`\`ts {#where-it-is-made}
const a = new Assembler(0)
a.asm\`
    push  ebx
    mov   eax, bl        ; so wide is no byte
    pop   ebx
\`
\`\`\`
`

it('a mistake in a chapter names its line and column to the runner', () => {
  const root = cloneProject()
  const chapters = readdirSync(join(project, 'journey/E-emulator'))
  for (const name of chapters.filter((name) => /^9[4-9]/.test(name))) {
    write(root, `journey/E-emulator/${name}`,
      text(project, 'journey/E-emulator', name))
  }
  write(root, 'journey/L-launcher/020-mistake.md', CHAPTER)
  edit(root, 'journey/L-launcher/000-division.md', 'divide(1, 0)', 'mistake()')
  const { stderr } = spawnSync(process.execPath, ['bin/lguest.mjs', 'die'],
    { cwd: root, encoding: 'utf8' })
  expect(stderr).toMatch(/^journey\/L-launcher\/020-mistake.md:15:5: mov eax, bl: no form.*\n$/)
})

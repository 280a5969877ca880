import { describe, expect, it } from 'vitest'
import { facts, systemCallNumber, systemCalls } from '../../generated/puppy/calls.ts'
import { STRING_LIMIT } from '../../generated/puppy/numbers.ts'
import { BareKernel, lines, session } from '../support/puppy.ts'

describe('G:501 the list', () => {
  it('gives each call its number, and a routine in the kernel', () => {
    const bare = new BareKernel()
    systemCalls.forEach((name, i) => {
      expect(systemCallNumber(name)).toBe(i)
      expect(bare.read(bare.at('calls') + 4 * i)).toBe(bare.at(`sys_${name}`))
    })
  })

  it('answers what it does not know with -1', () => {
    const bare = new BareKernel()
    const frame = bare.at('spare_stack')
    bare.write(frame + 28, systemCalls.length)
    bare.call('system_call', { eax: frame })
    expect(bare.read(frame + 28)).toBe(0xffffffff)
    expect(bare.call('sys_fact', { eax: facts.length }).eax).toBe(0xffffffff)
    expect(bare.call('sys_process', { eax: 16 }).eax).toBe(0xffffffff)
  })
})

describe('G:502 the guard', () => {
  const bare = new BareKernel()

  it.each([
    [0, 0], [0xbfffffff, 1], [0xbffff000, 4096],
  ])('lets %s with %i bytes pass', (eax, edx) => {
    expect(bare.call('check_user', { eax, edx }).eax).toBe(eax)
  })

  it('ends who points at the kernel, and nobody else', async () => {
    const { answers, status } = await session(lines('oops pointer', 'echo still here'))
    expect(answers.slice(0, 2)).toEqual(['oops[2]: bad pointer 0xc0000000\n', 'still here\n'])
    expect(status).toBe(0)
  })

  it('cuts strings that are too long', () => {
    const from = 0xc0700000
    bare.machine.physical.fill(from - 0xc0000000, 2 * STRING_LIMIT, 65)
    bare.call('copy_string', { eax: from, edx: bare.at('program_name') })
    const copied = bare.machine.physical.readBytes(bare.at('program_name') - 0xc0000000, STRING_LIMIT + 1)
    expect(copied.indexOf(0)).toBe(STRING_LIMIT - 1)
  })
})

import { describe, expect, it } from 'vitest'
import { lguestDma } from '../../generated/abi/era-a.ts'
import { CONSOLE } from '../../generated/puppy/kernel/files.ts'
import { proc } from '../../generated/puppy/kernel/processes.ts'
import { byHand } from '../support/puppy-by-hand.ts'
import type { Hand } from '../support/puppy-by-hand.ts'
import { BareKernel, PROMPT, lines, session } from '../support/puppy.ts'

describe('G:401 the tick', () => {
  it('comes a hundred times a second, and the time with it', async () => {
    const { answers } = await session(lines('sleep 1000', 'uptime'))
    const [, seconds, ticks] = /up (\d+\.\d) seconds, (\d+) ticks/.exec(answers[1])!
    expect(Number(seconds)).toBeGreaterThan(0.9)
    expect(Number(seconds)).toBeLessThan(1.3)
    expect(Number(ticks) / Number(seconds)).toBeGreaterThan(85)
    expect(Number(ticks) / Number(seconds)).toBeLessThan(115)
  })
})

describe('G:404 input', () => {
  const filled = (text: string, offset = 0): BareKernel => {
    const bare = new BareKernel()
    const { physical } = bare.machine;
    [...text].forEach((c, i) => physical.write8(
      bare.at('input_buffer') - 0xc0000000 + i, c.charCodeAt(0)))
    bare.write(bare.at('input_record') + lguestDma.usedLen, text.length)
    bare.set('queue_head', offset)
    bare.set('queue_tail', offset)
    return bare
  }
  const used = (bare: BareKernel): number => bare.read(bare.at('input_record') + lguestDma.usedLen)

  it('moves to the queue, and the buffer is free again', () => {
    const bare = filled('woof', 4094)
    bare.call('console_pump')
    expect(bare.get('queue_head')).toBe(4098)
    expect(used(bare)).toBe(0)
    const at = (i: number) => bare.machine.physical.read8(bare.at('queue') - 0xc0000000 + i)
    expect([4094, 4095, 0, 1].map(at).map((c) => String.fromCharCode(c)).join('')).toBe('woof')
  })

  it('stays in the buffer while the queue is full', () => {
    const bare = filled('abc')
    bare.set('queue_tail', (2 ** 32 - 4094) >>> 0)
    bare.call('console_pump')
    expect(bare.get('queue_head')).toBe(2)
    expect(used(bare)).toBe(3)
    expect(bare.get('input_stuck')).toBe(1)
    bare.set('queue_tail', 0)
    bare.call('console_pump')
    expect(bare.get('queue_head')).toBe(3)
    expect(used(bare)).toBe(0)
    expect(bare.get('input_stuck')).toBe(0)
  })

  it('^C is a byte for the shell, a command when somebody is in front', () => {
    const bare = filled('a\x03b')
    bare.call('console_pump')
    expect(bare.get('queue_head')).toBe(3)
    const busy = filled('a\x03b')
    busy.set('foreground', 5)
    busy.call('console_pump')
    expect(busy.get('queue_head')).toBe(2)
    expect(busy.get('queue_tail')).toBe(1)
  })

  it('arrives whole, however it is cut', async () => {
    const text = `echo ${'x'.repeat(100)}\n`.repeat(20)
    const { out } = await session([text.slice(0, 700), text.slice(700)])
    expect(out.match(/^x{100}$/gm)).toHaveLength(20)
  })
})

describe('G:405 output', () => {
  it('of more than a buffer comes in order', async () => {
    const line = `${'0123456789'.repeat(48)}\n`
    const { answers } = await session(['cat\n', line, '\x04'])
    expect(answers[0]).toBe(line + line)
  })
})

/** Turns that anything may take: some millions of instructions. */
const PATIENCE = 20_000

async function until(hand: Hand, what: string, done: (state: string) => boolean): Promise<void> {
  for (let turns = 0; turns < PATIENCE; turns++) {
    if (done(await hand.turn())) return
  }
  throw new Error(`not ${what}:\n${hand.screen}`)
}

const atPrompt = (hand: Hand, when: string): Promise<void> =>
  until(hand, `at the prompt ${when}`, (state) => state === 'idle' && hand.screen.endsWith(PROMPT))

async function run(hand: Hand, line: string): Promise<string> {
  const from = hand.screen.length
  hand.type(`${line}\r`)
  await hand.turn()
  await atPrompt(hand, `after '${line}'`)
  return hand.screen.slice(from)
}

describe('G:406 a ^C that comes early', () => {
  /** Types the line, and ^C so many instructions after its Enter. */
  async function interrupt(hand: Hand, line: string, moment: number): Promise<void> {
    hand.type(line)
    await until(hand, 'echoed', (state) => state === 'idle' && hand.screen.endsWith(line))
    const enter = hand.now
    hand.type('\r')
    await until(hand, 'that far', () => hand.now >= enter + moment)
    hand.type('\x03')
    await hand.turn()
    await atPrompt(hand, `after '${line}' and ${moment} instructions and ^C`)
  }

  it('ends the whole line, whenever it comes', async () => {
    await byHand(async (hand) => {
      await atPrompt(hand, 'after the boot')
      for (let moment = 0; moment < 90_000; moment += 1021) {
        await interrupt(hand, 'spin 60000 | cat', moment)
      }
      expect(await run(hand, 'echo back')).toContain('\nback\n')
      expect(await run(hand, 'ps')).not.toMatch(/spin|cat/)
    })
  }, 120_000)

  it('is a byte at the prompt of every shell', async () => {
    await byHand(async (hand) => {
      await atPrompt(hand, 'after the boot')
      await run(hand, 'sh')
      hand.type('junk\x03')
      await hand.turn()
      await atPrompt(hand, 'after ^C at the inner one')
      expect((await run(hand, 'ps')).match(/ sh\n/g)).toHaveLength(2)
    })
  })

  /** A kernel with keys in its queue, before its only process reads. */
  const withKeys = (keys: string): BareKernel => {
    const bare = new BareKernel()
    const { physical } = bare.machine;
    [...keys].forEach((c, i) => physical.write8(
      bare.at('queue') - 0xc0000000 + i, c.charCodeAt(0)))
    bare.set('queue_head', keys.length)
    bare.set('current', bare.at('processes'))
    bare.write(bare.at('processes') + proc.files, CONSOLE)
    return bare
  }

  it('is left to a later line if there is an Enter before it', () => {
    const bare = withKeys('up\rab\x03c')
    bare.call('sys_foreground', { eax: 5 })
    expect(bare.get('queue_tail')).toBe(0)
    const there = 0x40701000
    const read = () => bare.call('console_read', { edx: there, ecx: 16 }).eax
    expect(read()).toBe(5)
    expect(read()).toBe(0)
    expect(bare.get('queue_tail')).toBe(6)
  })

  it('is none of a process that does not read the console', () => {
    const bare = withKeys('\x03')
    bare.write(bare.at('processes') + proc.files, 0)
    bare.call('sys_foreground', { eax: 5 })
    expect([bare.get('foreground'), bare.get('queue_tail')]).toEqual([0, 0])
  })

  it('ends the program it was typed to, also when all was typed ahead', async () => {
    const { out } = await session(['echo one\rupper\rabc\x03echo two\rcat\rfirst\rsecond\x03echo three\r'])
    expect(out).toContain('\none\n')
    expect(out).not.toContain('ABC')
    expect(out).toContain('\ntwo\n')
    expect(out).toContain('\nfirst\n')
    expect(out.match(/second/g)).toHaveLength(1)
    expect(out).toContain('\nthree\n')
  })

  it('that is pressed now acts now, whatever lines were typed before', async () => {
    const { out } = await session(['sleep 90000; echo dozed\r', 'echo lost\r', '\r\r', '\x03', 'echo kept\r'])
    expect(out).not.toContain('\nlost\n')
    expect(out).toContain('\nkept\n')
    expect(out).not.toContain('\ndozed\n')
  })

  it('takes with it what was typed before, not what comes after', () => {
    const bare = withKeys('ab\x03c')
    bare.call('sys_foreground', { eax: 5 })
    expect(bare.get('foreground')).toBe(5)
    expect(bare.get('queue_tail')).toBe(3)
  })
})

describe('G:407 whose line is it', () => {
  it('a message stands on a line of its own, and the prompt comes again', async () => {
    await byHand(async (hand) => {
      await atPrompt(hand, 'after the boot')
      hand.type('sleep 3000 | wc &\r')
      await until(hand, 'left behind', () => hand.screen.endsWith(`[2]\n${PROMPT}`))
      hand.type('echo a')
      await until(hand, 'said', () => /bytes\n/.test(hand.screen))
      await until(hand, 'idle', (state) => state === 'idle')
      expect(hand.screen).toMatch(/\[2\]\npuppy> echo a\n0 lines, 0 bytes\npuppy> echo a$/)
      expect(await run(hand, 'b')).toContain('\nab\n')
    })
  })

  it.each([['a prompt stands there', 32, true], ['the line has been ended', 10, false]])('a line is ended first: %s', (_what, last, ended) => {
    const bare = new BareKernel()
    const [listens, writes] = [bare.at('processes'), bare.at('processes') + 128]
    bare.set('listener', listens)
    bare.set('last_writer', listens)
    bare.set('current', writes)
    bare.set('last_sent', last)
    bare.write(bare.at('output_record') + lguestDma.addr, 0)
    const turn = () => bare.call('console_turn')
    if (ended) expect(turn, 'nobody is here to be told').toThrow('shutdown')
    else turn()
    expect(bare.read(bare.at('output_record') + lguestDma.addr)).toBe(ended ? bare.at('newline') - 0xc0000000 : 0)
    expect([bare.get('reprint'), bare.get('last_writer')], 'a prompt that nobody spoilt is not shown again').toEqual([ended ? 1 : 0, writes])
  })

  it('the kernel\'s own messages too', async () => {
    const { out } = await session(['sleep 50 | oops null &\n', '', 'echo a\n'])
    expect(out).toMatch(/\]\npuppy> \noops\[\d\]: page fault [^\n]*\npuppy> /)
  })

  it('a program left behind gets no keys', async () => {
    const { answers } = await session(lines('cat &', 'sh &', 'cat | upper &', 'echo mine', 'sleep 50', 'ps'))
    expect(answers.join('')).toContain('mine\n')
    expect(answers.at(-2)).not.toMatch(/ cat\n| upper\n| sh\n[^]* sh\n/)
  })
})

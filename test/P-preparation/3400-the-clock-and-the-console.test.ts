import { describe, expect, it } from 'vitest';
import { lguestDma } from '../../generated/abi/era-a.ts';
import { BareKernel, lines, session } from '../support/puppy.ts';

describe('P:3401 the tick', () => {
  it('comes a hundred times a second, and the time with it', async () => {
    const { answers } = await session(lines('sleep 1000', 'uptime'));
    const [, seconds, ticks] = /up (\d+\.\d) seconds, (\d+) ticks/.exec(answers[1])!;
    expect(Number(seconds)).toBeGreaterThan(0.9);
    expect(Number(seconds)).toBeLessThan(1.3);
    expect(Number(ticks) / Number(seconds)).toBeGreaterThan(85);
    expect(Number(ticks) / Number(seconds)).toBeLessThan(115);
  });
});

describe('P:3404 input', () => {
  const filled = (text: string, offset = 0): BareKernel => {
    const bare = new BareKernel();
    const { physical } = bare.machine;
    [...text].forEach((c, i) => physical.write8(
      bare.at('input_buffer') - 0xc0000000 + i, c.charCodeAt(0)));
    bare.write(bare.at('input_record') + lguestDma.usedLen, text.length);
    bare.set('queue_head', offset);
    bare.set('queue_tail', offset);
    return bare;
  };
  const used = (bare: BareKernel): number => bare.read(bare.at('input_record') + lguestDma.usedLen);

  it('moves to the queue, and the buffer is free again', () => {
    const bare = filled('woof', 4094);
    bare.call('console_pump');
    expect(bare.get('queue_head')).toBe(4098);
    expect(used(bare)).toBe(0);
    const at = (i: number) => bare.machine.physical.read8(bare.at('queue') - 0xc0000000 + i);
    expect([4094, 4095, 0, 1].map(at).map((c) => String.fromCharCode(c)).join('')).toBe('woof');
  });

  it('stays in the buffer while the queue is full', () => {
    const bare = filled('abc');
    bare.set('queue_tail', (2 ** 32 - 4094) >>> 0);
    bare.call('console_pump');
    expect(bare.get('queue_head')).toBe(2);
    expect(used(bare)).toBe(3);
    expect(bare.get('input_stuck')).toBe(1);
    bare.set('queue_tail', 0);
    bare.call('console_pump');
    expect(bare.get('queue_head')).toBe(3);
    expect(used(bare)).toBe(0);
    expect(bare.get('input_stuck')).toBe(0);
  });

  it('^C is a byte for the shell, a command when somebody is in front', () => {
    const bare = filled('a\x03b');
    bare.call('console_pump');
    expect(bare.get('queue_head')).toBe(3);
    const busy = filled('a\x03b');
    busy.set('foreground', 5);
    busy.call('console_pump');
    expect(busy.get('queue_head')).toBe(2);
  });

  it('arrives whole, however it is cut', async () => {
    const text = `echo ${'x'.repeat(100)}\n`.repeat(20);
    const { out } = await session([text.slice(0, 700), text.slice(700)]);
    expect(out.match(/^x{100}$/gm)).toHaveLength(20);
  });
});

describe('P:3405 output', () => {
  it('of more than a buffer comes in order', async () => {
    const { answers } = await session(['cat\n', `${'0123456789'.repeat(90)}\n`, '\x04']);
    expect(answers[0]).toBe(`${'0123456789'.repeat(90)}\n`);
  });
});

/** The test is the neighbour: its packets are made and read by code of its own. */
import { describe, expect, it } from 'vitest'
import { dice } from '../L-launcher/fakes.ts'
import { Neighbour, TestWire } from '../support/neighbours.ts'
import { BareKernel, PROMPT } from '../support/puppy.ts'

const OURS = [10, 0, 0, 1]
const THEIRS = [10, 0, 0, 77]
const MAC = [2, 9, 9, 9, 9, 9]
const PUPPY_MAC = [2, 0, ...OURS]

function sum(bytes: readonly number[]): number {
  let total = 0
  for (let i = 0; i < bytes.length; i += 2) total += bytes[i] * 256 + (bytes[i + 1] ?? 0)
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16)
  return ~total & 0xffff
}

const half = (n: number): number[] => [n >>> 8 & 0xff, n & 0xff]
const withSum = (bytes: number[], at: number, value: number): number[] =>
  [...bytes.slice(0, at), ...half(value), ...bytes.slice(at + 2)]

interface Letter { protocol: number; payload: number[]; from?: number[]; to?: number[] }

function ip({ protocol, payload, from = THEIRS, to = OURS }: Letter): number[] {
  const header = [0x45, 0, ...half(20 + payload.length), 1, 2, 0x40, 0, 64, protocol, 0, 0, ...from, ...to]
  return [...PUPPY_MAC, ...MAC, 8, 0, ...withSum(header, 10, sum(header)), ...payload]
}

function icmp(type: number, rest: number[]): Letter {
  const payload = [type, 0, 0, 0, ...rest]
  return { protocol: 1, payload: withSum(payload, 2, sum(payload)) }
}

function udp(from: number, to: number, data: number[]): Letter {
  const payload = [...half(from), ...half(to), ...half(8 + data.length), 0, 0, ...data]
  const pseudo = [...THEIRS, ...OURS, 0, 17, ...half(payload.length)]
  return { protocol: 17, payload: withSum(payload, 6, sum([...pseudo, ...payload]) || 0xffff) }
}

const arp = (operation: number, about = OURS): number[] =>
  [...Array(6).fill(255), ...MAC, 8, 6, 0, 1, 8, 0, 6, 4, 0, operation, ...MAC, ...THEIRS, ...Array(6).fill(0), ...about]

const text = (letters: string): number[] => [...letters].map((c) => c.charCodeAt(0))

/** A Puppy with address 10.0.0.1 whose wire the test holds. */
async function puppy() {
  const wire = new TestWire()
  const dog = Neighbour.on(wire)
  await dog.see(PROMPT)
  await dog.ask('address 10.0.0.1')
  return {
    wire, dog,
    /** What Puppy sends when it hears that, until it has run a command. */
    async tell(...frames: number[][]): Promise<number[][]> {
      const before = wire.sent.length
      for (const frame of frames) wire.hear(Uint8Array.from(frame))
      do await dog.ask('echo')
      while (wire.ready())
      await dog.ask('echo')
      return wire.sent.slice(before).map((frame) => [...frame])
    },
  }
}

describe('G:766 the sum', () => {
  it('is the one of the internet, whatever the length', () => {
    const bare = new BareKernel()
    const roll = dice(766)
    for (let length = 0; length < 64; length++) {
      const bytes = Array.from({ length }, () => roll(3) ? roll(256) : 255)
      bare.machine.physical.writeBytes(0x700000, Uint8Array.from(bytes))
      const { eax } = bare.call('sum_words', { edx: 0xc0700000, ecx: length })
      expect(half(eax).reverse()).toEqual(half(~sum(bytes) & 0xffff))
    }
  })

  it('eight neighbours are known, and the newest takes the place of the oldest', () => {
    const bare = new BareKernel()
    const mac = 0xc0700000
    for (let i = 1; i <= 9; i++) {
      bare.write(mac, i)
      bare.call('neighbour_learn', { eax: i, ebx: mac })
    }
    const known = (address: number): number => bare.call('neighbour_find', { eax: address }).eax
    expect(known(1)).toBe(0)
    for (let i = 2; i <= 9; i++) expect(bare.read(known(i)) & 0xff).toBe(i)
  })
})

describe('G:767 reading what came', () => {
  it('answers ARP for its own address only', async () => {
    const { tell, dog } = await puppy()
    expect(await tell(arp(1, [10, 0, 0, 2]))).toEqual([])
    expect(await tell(arp(2))).toEqual([])
    const [answer, ...more] = await tell(arp(1))
    expect(more).toEqual([])
    expect(answer).toEqual([...MAC, ...PUPPY_MAC, 8, 6, 0, 1, 8, 0, 6, 4, 0, 2, ...PUPPY_MAC, ...OURS, ...MAC, ...THEIRS])
    await dog.halt()
  })

  it.each([0, 1, 8, 57, 1000, 1472])('answers an echo of %i bytes, with right sums', async (length) => {
    const { tell, dog } = await puppy()
    const rest = [0x12, 0x34, 0, 9, ...Array.from({ length }, (_, i) => i * 7 & 0xff)]
    const [answer, ...more] = await tell(ip(icmp(8, rest)))
    expect(more).toEqual([])
    expect(answer.slice(0, 14)).toEqual([...MAC, ...PUPPY_MAC, 8, 0])
    expect(sum(answer.slice(14, 34))).toBe(0)
    expect(answer.slice(26, 34)).toEqual([...OURS, ...THEIRS])
    expect(answer.slice(34)).toEqual(icmp(0, rest).payload)
    await dog.halt()
  })

  it('does not hear what is broken, for others, or no echo', async () => {
    const { tell, dog } = await puppy()
    const good = ip(icmp(8, [1, 2, 3, 4, 5]))
    const changed = (at: number, value: number): number[] => good.map((byte, i) => i === at ? value : byte)
    const header = (at: number, value: number): number[] => {
      const frame = changed(at, value)
      const part = withSum(frame.slice(14, 34), 10, 0)
      return [...frame.slice(0, 14), ...withSum(part, 10, sum(part)), ...frame.slice(34)]
    }
    const bad = [
      changed(24, 0), changed(36, 1), changed(38, 99), good.slice(0, 41), [], good.slice(0, 14), good.slice(0, -1),
      header(14, 0x46), header(14, 0x65), header(17, 200), header(16, 0xff), header(17, 27), header(17, 0), header(20, 0x20), header(21, 5),
      header(33, 2), header(23, 6), changed(12, 0x86), ip(icmp(3, [0, 0, 0, 0])),
    ]
    expect(await tell(...bad)).toEqual([])
    expect(await tell(good)).toHaveLength(1)
    await dog.halt()
  })

  it('lives through noise (seed 2007)', async () => {
    const { tell, dog } = await puppy()
    const roll = dice(2007)
    const kinds = [
      () => ip(icmp(8, Array.from({ length: 4 + roll(60) }, () => roll(256)))), () => arp(1 + roll(2)),
      () => ip(udp(roll(65536), roll(65536), Array.from({ length: roll(60) }, () => roll(256)))),
      () => Array.from({ length: roll(1600) }, () => roll(256)),
    ]
    for (let round = 0; round < 12; round++) {
      await tell(...Array.from({ length: 80 }, () => {
        const frame = kinds[roll(kinds.length)]()
        for (let n = roll(4); n > 0 && frame.length; n--) frame[roll(frame.length)] = roll(256)
        return roll(4) ? frame : frame.slice(0, roll(frame.length + 1))
      }))
    }
    const asked = [1, 2, 3, 4]
    // what the noise asked may still be answered
    const answers = await tell(ip(icmp(8, asked)))
    expect(answers.filter((frame) => frame.slice(-4).join() === asked.join() && frame[34] === 0)).toHaveLength(1)
    expect(dog.platform.out).not.toContain('panic')
    await dog.halt()
  })
})

describe('G:768 three calls', () => {
  it('a letter waits for whoever asks, the oldest go', async () => {
    const { tell, dog } = await puppy()
    await tell(...Array.from({ length: 30 }, (_, i) => ip(udp(7, 999, text(`letter ${i}`)))))
    const answer = tell(ip(udp(7, 99, text('other'))), ip(icmp(8, [1, 1, 1, 1])))
    expect(await answer).toHaveLength(1)
    await dog.halt()
  })

  it('udpecho answers datagrams with and without a sum, and no others', async () => {
    const { tell, dog, wire } = await puppy()
    await tell(arp(1))
    dog.type('udpecho 4000\r')
    await dog.see('\n')
    const before = wire.sent.length
    const plain = udp(1234, 4000, text('no sum'))
    const odd = udp(1234, 4000, text('odd'))
    const broken = udp(1234, 4000, text('broken'))
    broken.payload[8] ^= 1
    const long = udp(1234, 4000, text('long'))
    long.payload[5] += 1
    for (const letter of [{ ...plain, payload: withSum(plain.payload, 6, 0) }, broken, long, odd]) wire.hear(Uint8Array.from(ip(letter)))
    await dog.see('6 bytes from 10.0.0.77')
    await dog.see('3 bytes from 10.0.0.77')
    const payloads = wire.sent.slice(before).map((frame) => [...frame.slice(34)])
    expect(payloads.map((payload) => String.fromCharCode(...payload.slice(8)))).toEqual(['no sum', 'odd'])
    for (const payload of payloads) {
      expect(payload.slice(0, 4)).toEqual([...half(4000), ...half(1234)])
      expect(sum([...OURS, ...THEIRS, 0, 17, ...half(payload.length), ...payload])).toBe(0)
    }
    dog.type('\x03')
    await dog.see(PROMPT)
    await dog.halt()
  })

  it('asks three times, and gives up', async () => {
    const { dog, wire } = await puppy()
    expect(await dog.ask('ping 10.0.0.5')).toBe('nobody has that address\n')
    expect(wire.sent.map((frame) => [...frame])).toEqual(Array(3).fill(
      [...Array(6).fill(255), ...PUPPY_MAC, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, ...PUPPY_MAC, ...OURS, ...Array(6).fill(255), 10, 0, 0, 5]))
    await dog.halt()
  })
})

import { describe, expect, it } from 'vitest'
import { linkedWires, Neighbour, sharing } from '../support/neighbours.ts'
import { lines, PROMPT, session } from '../support/puppy.ts'

const introduce = async (neighbours: Neighbour[]): Promise<void> => {
  for (const [i, neighbour] of neighbours.entries()) {
    await neighbour.see(PROMPT)
    expect(await neighbour.ask(`address 10.0.0.${i + 1}`)).toBe(`10.0.0.${i + 1}\n`)
  }
}

const onAWire = async () => {
  const puppies = linkedWires().map((wire) => Neighbour.on(wire))
  await introduce(puppies)
  return puppies
}

const inOneHost = async (count: number) => {
  const puppies = await sharing(count)
  await introduce(puppies)
  return puppies
}

const ANSWERS = /^(10\.0\.0\.2 answers, \d+ microseconds\n){4}4 sent, 4 answered\n$/

describe('G:771 an address', () => {
  it.each(['10.0.0', '1.2.3.4.5', '256.1.1.1', '1..2.3', '0.1.2.3', '224.0.0.1', '255.255.255.255', 'a.b.c.d', '1.2.3.4x', '.1.2.3', '4294967297.1.1.1'])(
    '%s is none', async (text) => {
      expect((await session(lines(`address ${text}`))).answers[0]).toBe('an address is four numbers, like 10.0.0.1\n')
    })

  it('needs a card, and programs need an address', async () => {
    const noCard = 'there is no network card; see the Launcher\'s --wire\n'
    const { answers } = await session(lines('address', 'address 1.2.3.4', 'ping 1.2.3.4', 'udpecho 7', 'udpsend 1.2.3.4 7 x'))
    expect(answers.slice(0, 5)).toEqual(Array(5).fill(noCard))
    const [puppy] = linkedWires().map((wire) => Neighbour.on(wire))
    await puppy.see(PROMPT)
    const none = 'you have no address yet; try address 10.0.0.1\n'
    expect(await puppy.ask('address')).toBe(none)
    expect(await puppy.ask('ping 1.2.3.4')).toBe(none)
    expect(await puppy.ask('address 223.255.0.9')).toBe('223.255.0.9\n')
    expect(await puppy.ask('address')).toBe('223.255.0.9\n')
    expect(await puppy.ask('ping nobody')).toBe('an address is four numbers, like 10.0.0.1\n')
    await puppy.halt()
  })
})

describe.each([
  ['over a wire', onAWire],
  ['through a page that their Host shares', () => inOneHost(2)],
])('two Puppies %s', (_where, meet) => {
  it('ping each other', async () => {
    const [one, two] = await meet()
    expect(await one.ask('ping 10.0.0.2')).toMatch(ANSWERS)
    expect(await two.ask('ping 10.0.0.1 25')).toMatch(/^(10\.0\.0\.1 answers, \d+ microseconds\n){25}25 sent, 25 answered\n$/)
    await Promise.all([one.halt(), two.halt()])
  })

  it('send and echo words by UDP, and say when nobody answers', async () => {
    const [one, two] = await meet()
    two.type('udpecho 7\r')
    for (let i = 1; i <= 20; i++) {
      const words = 'w'.repeat(i) + ' end'
      expect(await one.ask(`udpsend 10.0.0.2 7 ${words}`)).toBe(`${words}\n`)
    }
    expect(await one.ask('udpsend 10.0.0.2 8 hello && echo no')).toBe('no answer\n')
    expect(await one.ask('udpsend 10.0.0.9 7 hello || true')).toContain('there is no ||')
    two.type('\x03')
    const heard = await two.see(PROMPT)
    expect(heard.match(/^\d+ bytes from 10\.0\.0\.1\r?$/gm)!.map((line) => parseInt(line)).slice(0, 20))
      .toEqual(Array.from({ length: 20 }, (_, i) => i + 5))
    expect(await one.ask('udpsend 10.0.0.9 7 hello && echo no')).toBe('nobody has that address\n')
    await Promise.all([one.halt(), two.halt()])
  })
})

describe('sixteen slots and more', () => {
  it('a frame for one reaches that one', async () => {
    const puppies = await inOneHost(4)
    expect(await puppies[3].ask('ping 10.0.0.2')).toMatch(ANSWERS)
    expect(await puppies[0].ask('ping 10.0.0.3 1')).toMatch(/1 answered/)
    const counts = await puppies[1].ask('calls echo')
    expect(counts).toContain('SEND_DMA')
    await Promise.all(puppies.map((puppy) => puppy.halt()))
  })
})

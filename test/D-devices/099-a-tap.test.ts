import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readArguments } from '../../generated/launcher/arguments.ts'
import { NodePlatform } from '../../generated/launcher/node/platform.ts'
import { root } from '../e2e/launching.ts'

const child = fileURLToPath(new URL('tap-child.ts', import.meta.url))

/** Root, with networks to make and throw away? */
const able = (() => {
  try {
    createRequire(import.meta.url)('koffi')
    execFileSync('unshare', ['--net', 'ip', 'link'], { stdio: 'ignore' })
    return process.getuid?.() === 0 && existsSync('/dev/net/tun')
  } catch {
    return false
  }
})()

interface Told {
  answer: string; neighbour: string; links: string; addresses: string; end: string; error?: string
}

/** Opens a tap in a network that is gone afterwards. */
function inside(before: string, ...args: string[]): Told {
  const run = `${before} exec ${process.execPath} bin/run.mjs ${child} ${args.join(' ')}`
  const out = execFileSync('unshare', ['--net', 'sh', '-c', run], { cwd: root, encoding: 'utf8', timeout: 30000 })
  return JSON.parse(out.trim().split('\n').at(-1)!)
}

describe.skipIf(!able)('D:099 a tap', () => {
  it('routed: the kernel is there, at the address, and answers (B-L-085, B-L-089)', () => {
    const { answer, neighbour, links, addresses } = inside('', 'routed')
    expect(answer).toMatch(new RegExp(`^020000000015${neighbour}080600010800060400`
      + `02${neighbour}0a050501020000000015 0a050502`.replace(' ', '')))
    expect(links.toLowerCase()).toMatch(new RegExp(`tap0 +\\S+ +${neighbour.match(/../g)!.join(':')}.*[<,]up`))
    expect(addresses).toMatch(/tap0 .*10\.5\.5\.1/)
  }, 40000)

  it('bridged: the bridge is there, and the tap has no address (B-L-089)', () => {
    const { answer, addresses, links } = inside('ip link add span type bridge; '
      + 'ip addr add 10.5.5.1/24 dev span; ip link set span up;', 'bridge', 'span')
    expect(answer).toMatch(/^020000000015/)
    expect(addresses).not.toMatch(/tap0 .*10\./)
    expect(links).toMatch(/tap0 .*UP/)
  }, 40000)

  it('ends the Launcher when it is deleted (B-L-094)', () => {
    expect(inside('', 'deleted').end).toMatch(/^Farewell: reading network: /)
  }, 40000)

  it('keeps what poll writes to in the background', () => {
    expect(inside('', 'held').end).toBe('true')
  }, 40000)

  it('says which step failed (B-L-090)', () => {
    expect(inside('', 'bridge', 'none').error)
      .toBe('PlatformError: adding tap0 to bridge none: there is no such interface')
    expect(inside('', 'bridge', 'lo').error)
      .toMatch(/^PlatformError: adding tap0 to bridge lo: /)
  }, 40000)
})

describe('D:099 without the right', () => {
  it.skipIf(able || !existsSync('/dev/net/tun'))('is refused in one line (B-L-085)', async () => {
    await expect(new NodePlatform().openWire({ kind: 'tap', address: 1 }))
      .rejects.toThrow(/koffi|root|permission denied/)
  })
})

describe('D:099 --tunnet', () => {
  const ends = (text: string) => {
    const plan = readArguments([`--tunnet=${text}`, '32', 'k'])
    if ('text' in plan) throw new Error(plan.text)
    return plan.devices[0]
  }

  it('takes an address in four numbers (B-L-091)', () => {
    expect(ends('1.2.3.4')).toEqual({ kind: 'wire', ends: { kind: 'tap', address: 0x01020304 } })
    expect(ends('192.168.19.1')).toMatchObject({ ends: { address: 0xc0a81301 } })
  })

  it('or a bridge (B-L-089)', () => {
    expect(ends('bridge:lg0')).toEqual({ kind: 'wire', ends: { kind: 'tap', bridge: 'lg0' } })
  })

  it('refuses what is neither (B-L-090)', () => {
    for (const text of ['bridge:', 'bridge:a b', 'bridge:sixteenlettersss']) {
      expect(() => ends(text)).toThrow('names no bridge')
    }
    for (const text of ['', '1.2.3', '1.2.3.256', '1.2.3.4.5', '1.2.3.x', '-1.2.3.4']) {
      expect(() => ends(text)).toThrow('is no IPv4 address')
    }
  })
})

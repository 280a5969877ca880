/** A network for the comparison's sides: passt, where it is installed. */
import { GATEWAY, GUEST_ADDRESS, installed, throughPasst } from '../test/linux/passt.ts'
import type { Life } from './linux-lives.ts'

const FETCHES = 3

/** Gives `use` the address of a file and the socket it is behind; without passt, nothing. */
export async function throughNetwork<T>(use: (url: string | null, socket: string | null) => Promise<T>): Promise<T> {
  if (!installed('passt')) return use(null, null)
  let found: T | undefined
  await throughPasst(async (socket, url) => { found = await use(url, socket) })
  return found!
}

/** Megabytes a second by TCP from this machine, through passt. */
export async function networkRate(life: Life, url: string): Promise<number> {
  await life.run(`ifconfig eth0 ${GUEST_ADDRESS} up; route add default gw ${GATEWAY}`)
  const rates: number[] = []
  for (let i = 0; i < FETCHES; i++) {
    const [took, printed] = await life.run(`wget -q -O - ${url} | wc -c`)
    const bytes = Number(/^\d+\s*$/m.exec(printed)?.[0])
    if (!(bytes > 0)) throw new Error(`nothing came through passt, but:\n${printed.slice(-300)}`)
    rates.push(bytes / 1000 / took)
  }
  return Math.max(...rates)
}

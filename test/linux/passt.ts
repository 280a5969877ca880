/** The world behind a socket: passt, and a web server on this machine. */
import { execFileSync, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pause } from '../e2e/launching.ts'

export const GUEST_ADDRESS = '10.9.7.2'
/** This machine's loopback, as the Guest sees it. */
export const GATEWAY = '10.9.7.1'
const FILE = randomBytes(3_000_017)

export function installed(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Gives `use` a socket, the address of a file behind it, and its MD5. */
export async function throughPasst(
  use: (socket: string, url: string, sum: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'lguest-passt-'))
  const socket = join(folder, 'world')
  const root = process.getuid?.() === 0 ? ['--runas', '0'] : []
  const passt = spawn('passt', [...root, '--foreground', '--quiet',
    '--socket', socket, '--address', GUEST_ADDRESS, '--netmask', '24',
    '--gateway', GATEWAY, '--ipv4-only'], { stdio: 'ignore' })
  const server = createServer((_request, response) => { response.end(FILE); })
  try {
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); })
    for (let i = 0; i < 500 && !existsSync(socket); i++) await pause(20)
    const { port } = server.address() as AddressInfo
    const sum = createHash('md5').update(FILE).digest('hex')
    await use(socket, `http://${GATEWAY}:${port}/file`, sum)
  } finally {
    passt.kill('SIGKILL')
    server.closeAllConnections()
    server.close()
    rmSync(folder, { recursive: true })
  }
}

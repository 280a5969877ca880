/**
 * v86 as a PC with its console on a serial port, which is this process's
 * stdin and stdout: BIOS, bzImage, initrd, command line, megabytes.
 */
import { readFileSync } from 'node:fs'
import { V86 } from 'v86'

const [bios, kernel, initrd, cmdline, megabytes] = process.argv.slice(2)
const file = (path) => ({ buffer: new Uint8Array(readFileSync(path)).buffer })

const emulator = new V86({
  wasm_path: new URL(import.meta.resolve('v86').replace(/[^/]*$/, 'v86.wasm')).pathname,
  bios: file(bios), bzimage: file(kernel), initrd: file(initrd), cmdline,
  memory_size: Number(megabytes) << 20, vga_memory_size: 1 << 20, autostart: true,
})
emulator.add_listener('serial0-output-byte', (byte) => process.stdout.write(String.fromCharCode(byte)))
process.stdin.on('data', (data) => emulator.serial0_send(data.toString()))

/**
 * The one door by which errors leave the tools: whatever happens, the user
 * sees one line that says what could not be done, and never a trace.
 */
import type { BuildFailure } from 'esbuild'
import { format, printable, type Place } from './diagnostics.ts'

/** Something that is wrong at a known place. */
export class Failure extends Error {
  readonly place: Place
  readonly hint?: string

  constructor(message: string, place: Place, hint?: string) {
    super(message)
    this.place = place
    this.hint = hint
  }
}

/** What was asked for cannot be had; the message says why. */
export class Refused extends Error {}

/** A package that the project needs and that is not there. */
export class Missing extends Error {
  readonly code = 'ERR_MODULE_NOT_FOUND'

  constructor(name: string) {
    super(`Cannot find package '${name}'`)
  }
}

/** What the system's error codes mean. */
const meanings: Record<string, string> = {
  EACCES: 'permission denied', EPERM: 'not permitted', EROFS: 'the file system is read-only',
  ENOSPC: 'no space is left', EDQUOT: 'the quota is used up', EFBIG: 'it is too large',
  EEXIST: 'it exists already', EISDIR: 'it is a folder', ENOTDIR: 'a file stands where a folder must',
  ENOTEMPTY: 'the folder is not empty', ENOENT: 'there is no such file', ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'the name is too long', EMFILE: 'too many files are open', ENFILE: 'too many files are open',
  EADDRINUSE: 'another program listens there', EADDRNOTAVAIL: 'this machine has no such address',
  EIO: 'the device failed', EXDEV: 'it is on another file system', ENOMEM: 'out of memory',
}

/** What was tried, by the name of the system call. */
const deeds: Record<string, string> = {
  read: 'read', scandir: 'read', stat: 'read', lstat: 'read', readlink: 'read', realpath: 'read', watch: 'watch',
  write: 'write', rename: 'write', chmod: 'write', copyfile: 'write', cp: 'write', fsync: 'write', symlink: 'write',
  mkdir: 'make', mkdtemp: 'make', rmdir: 'remove', unlink: 'remove', rm: 'remove', listen: 'listen at', spawn: 'start',
}

type SystemError = NodeJS.ErrnoException & { address?: string, port?: number, dest?: string }

/** An error in one line, or two with its hint. */
export function explain(error: unknown): string {
  if (error instanceof Failure) return format({ ...error.place, message: error.message, hint: error.hint })
  if (error instanceof Refused) return printable(error.message)
  if (!(error instanceof Error)) return printable(`the tools failed: ${error}`)
  if (error.name === 'AssemblyError') return printable(assemblyError(error))
  const { code = '' } = error as SystemError
  if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') return missing(error)
  if (Object.hasOwn(meanings, code)) return printable(systemError(error))
  return printable(unforeseen(error))
}

function systemError({ code, syscall = '', path, address, port }: SystemError): string {
  const [verb] = syscall.split(' ')
  const what = path ?? (port === undefined ? address : `${address}:${port}`)
  const deed = `cannot ${deeds[verb] ?? (verb || 'go on')}${what === undefined ? '' : ` ${what}`}`
  return `${deed}: ${meanings[code!]}`
}

const ofAssembler = /journey\/E-emulator\/9[4-9]\d-|generated\/assembler\//

/** Machine code that cannot be assembled (E:941): the first frame outside the assembler is who wrote it. */
function assemblyError({ message, stack = '' }: Error): string {
  const frames = [...stack.matchAll(/\n\s+at (?:.* \()?(?:file:\/\/)?(.*:\d+:\d+)\)?(?=\n|$)/g)].map(([, place]) => place)
  const place = frames.find((frame) => !ofAssembler.test(frame))
  const whole = place === undefined || message.startsWith(`${place}: `) ? message : `${place}: ${message}`
  return whole.startsWith(`${process.cwd()}/`) ? whole.slice(process.cwd().length + 1) : whole
}

function missing(error: Error): string {
  const name = /Cannot find (?:package|module) '([^']+)'/.exec(error.message)?.[1]
  if (name === undefined || /^[./]/.test(name)) return printable(unforeseen(error))
  return printable(`the package '${name}' is not installed: run npm ci`)
}

/** A fault of our own: where it happened is what its mender asks first. */
function unforeseen(error: Error & Partial<BuildFailure>): string {
  const [message] = (error.errors?.[0].text ?? error.message).split('\n')
  const { file, line, column } = error.errors?.[0].location ?? {}
  if (file) return `${file}:${line}:${column! + 1}: ${message}`
  const frame = /\n\s+at (.*)/.exec(error.stack ?? '')?.[1]
  return `the tools failed: ${message}${frame ? ` (${frame.replace(/^.*\((.*)\)$/, '$1')})` : ''}`
}

/** Tells the error, and sees to the exit status. */
export function tell(error: unknown): void {
  console.error(explain(error))
  process.exitCode = 1
}

/** Whatever else goes wrong in this process is told in one line, and ends it. */
export function installDoor(): void {
  const end = (error: unknown): void => {
    tell(error)
    process.exit()
  }
  process.on('uncaughtException', end)
  process.on('unhandledRejection', end)
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: SystemError) => {
      if (error.code === 'EPIPE') process.exit() // who read it has gone
      end(error)
    })
  }
}

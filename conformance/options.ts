/**
 * What npm run conformance can be told. A word that makes no sense ends the
 * program before it has begun: one line on stderr, status 1.
 */
import { Command, InvalidArgumentError, Option } from 'commander'
import type { Engine } from '../generated/emulator/index.ts'
import type { OracleName } from './oracle.ts'

export interface Options {
  seed: number
  cases: number
  /** Names of instructions, or of programs. */
  only: RegExp
  show: number
  oracle?: OracleName
  /** The folder of v86's programs. */
  nasm?: string
  programs?: boolean
  csmith: number
  system?: boolean
  floats?: boolean
  engines?: boolean
  /** How the machine under test performs programs. */
  engine: Engine
}

const EVERYTHING = /./

/** Were no names given? */
export const isWhole = ({ only }: Options) => only === EVERYTHING

const command = () => new Command('npm run conformance --')
  .option('--seed <n>', 'seed of the random cases', whole, 1)
  .option('--cases <n>', 'random cases in all', whole, 1_000_000)
  .addOption(new Option('--only <names>', 'instructions (or programs), by a comma or a pattern')
    .argParser(named).default(EVERYTHING, 'all'))
  .addOption(new Option('--oracle <name>', 'one of the two, not both').choices(['unicorn', 'native']))
  .option('--show <n>', 'how many unexplained differences to print', whole, 20)
  .option('--nasm <dir>', 'run the built programs of v86\'s tests/nasm instead')
  .option('--system', 'rings, gates, tasks and paging beside QEMU, --cases of each kind')
  .option('--floats', 'x87, MMX, SSE and SSE2 beside this machine, --cases in all')
  .option('--engines', 'random programs, interpreted and translated, --cases in all')
  .addOption(new Option('--engine <name>', 'how --nasm, --system and --programs are performed')
    .choices(['translated', 'interpreted', 'eager']).default('translated'))
  .option('--programs', 'whole C programs in ring 3, ours and csmith\'s')
  .option('--csmith <n>', 'how many of csmith\'s', whole, 40)

/** Reads the arguments behind the program's name. */
export function readOptions(args: string[]): Options {
  return command().parse(args, { from: 'user' }).opts<Options>()
}

function whole(text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new InvalidArgumentError('It is not a whole number.')
  return Number(text)
}

/** add,shl means these two; anything else is a pattern. */
function named(text: string): RegExp {
  if (/^[\w,]+$/.test(text)) return new RegExp(`^(${text.replaceAll(',', '|')})$`)
  try {
    return new RegExp(text)
  } catch {
    throw new InvalidArgumentError('It is no pattern.')
  }
}

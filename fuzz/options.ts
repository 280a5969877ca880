/** What npm run fuzz can be told. */
import { Command, InvalidArgumentError, Option } from 'commander'
import type { EraName } from '../generated/abi/common.ts'
import { eras } from '../generated/abi/eras.ts'
import type { Engine } from '../generated/emulator/index.ts'
import { classNames } from './cases.ts'

export interface Options {
  seed: number
  cases: number
  class?: string[]
  era?: EraName
  engine?: Engine
  list?: boolean
  replay?: string
  guided?: boolean
  coverage?: boolean
  save?: boolean
  first?: boolean
  selfTest?: boolean
  faults?: RegExp
  many?: number
  minutes?: number
  soak?: number
}

const command = () => new Command('npm run fuzz --')
  .description('Guests that mean harm, beside a good one, in one Host.')
  .option('--seed <n>', 'seed of the cases', whole, 1)
  .option('--cases <n>', 'how many', whole, 10_000)
  .option('--minutes <n>', 'stop after so many, however many cases that is; so does ^C', whole)
  .addOption(new Option('--class <names>', 'only these, by commas; --list names them').argParser(classes))
  .addOption(new Option('--era <name>', 'Guests of one era').choices(eras.map(({ name }) => name)))
  .addOption(new Option('--engine <name>', 'how instructions are performed; else as each case says')
    .choices(['translated', 'interpreted', 'eager']))
  .option('--list', 'name the classes')
  .option('--replay <file>', 'run the cases in a file, one to a line')
  .option('--guided', 'half of the cases are relatives of those that reached new code')
  .option('--coverage', 'guided, and tell at the end what was reached, by file, with the functions that were not')
  .option('--save', 'guided, and keep in fuzz/corpus what reached something')
  .option('--first', 'stop at the first finding, and leave it as large as it is')
  .option('--self-test', 'put faults into a copy of the system and see whether they are found')
  .option('--faults <pattern>', 'of the self-test: only those whose name fits', (text) => new RegExp(text))
  .option('--many <n>', 'open and close so many Guests, sixteen at a time; is memory flat?', whole)
  .option('--soak <minutes>', 'one Guest under load: do clock, memory and counts stay right?', whole)

/** Reads the arguments behind the program's name. */
export function readOptions(args: string[]): Options {
  return command().parse(args, { from: 'user' }).opts<Options>()
}

function whole(text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new InvalidArgumentError('It is not a whole number.')
  return Number(text)
}

function classes(text: string): string[] {
  const names = text.split(',')
  const unknown = names.find((name) => !classNames.includes(name))
  if (unknown !== undefined) throw new InvalidArgumentError(`No class is called ${unknown}; there are ${classNames.join(', ')}.`)
  return names
}

/** How errors are told at a terminal. */
import { format, type Diagnostic } from './diagnostics.ts'

/** All errors on standard error, and how many there were. */
export function report(errors: Diagnostic[]): void {
  for (const error of errors) console.error(format(error))
  summary(errors.length)
}

/** The last line: how many there were. */
export function summary(errors: number): void {
  console.error(errors === 1 ? '1 error' : `${errors} errors`)
}

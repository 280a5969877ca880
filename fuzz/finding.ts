/** Something that must not be: what an oracle says when it objects. */
export class Finding extends Error {
  /** Which oracle, in a word. */
  readonly oracle: string

  constructor(oracle: string, message: string) {
    super(message)
    this.oracle = oracle
  }
}

export function object(oracle: string, good: boolean, message: () => string): void {
  if (!good) throw new Finding(oracle, message())
}

export const hex = (n: number) => `0x${(n >>> 0).toString(16)}`

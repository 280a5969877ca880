/** xorshift32: numbers below a bound, the same in every run with the same seed. */
export function randomBelow(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

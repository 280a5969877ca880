/** Random numbers that can be had again: the same seed, the same numbers. */
export class Random {
  private state: number
  constructor(seed: number) { this.state = seed | 0 || 1 }
  /** Any 32-bit number, signed. */
  int(): number {
    let x = this.state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.state = x
    return Math.imul(x, 0x9e3779b1) ^ (x >>> 15)
  }
  /** 0 to n - 1. */
  below(n: number): number { return (this.int() >>> 0) % n }
  chance(p: number): boolean { return this.below(1000) < p * 1000 }
  pick<T>(list: readonly T[]): T { return list[this.below(list.length)] }
}

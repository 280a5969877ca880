// Builds page tables in a Guest's memory, as its kernel would.
import { P, RW, type TestGuest, USER } from './guest-world.ts'

/** A page allocator and a set of tables inside a Guest's memory. */
export class GuestTables {
  readonly top: number
  private next: number
  readonly guest: TestGuest
  readonly pae: boolean
  /** Flags given to upper levels made on the way (not to a PAE top). */
  upper = P | RW | USER | 0x60

  constructor(guest: TestGuest, firstPage: number, pae = false) {
    this.guest = guest
    this.pae = pae
    this.next = firstPage * 4096
    this.top = this.page()
  }

  page(): number {
    const at = this.next
    this.next += 4096
    return at
  }

  /** Where the top-level entry of an address lies. */
  topAt(va: number): number {
    return this.pae ? this.top + (va >>> 30) * 8 : this.top + (va >>> 22) * 4
  }
  middleAt(va: number): number {
    return this.down(this.topAt(va), 1) + ((va >>> 21) & 511) * 8
  }
  /** Where the leaf entry of an address lies, levels made on the way. */
  leafAt(va: number): number {
    if (!this.pae) {
      return this.down(this.topAt(va), this.upper) + ((va >>> 12) & 1023) * 4
    }
    return this.down(this.middleAt(va), this.upper) + ((va >>> 12) & 511) * 8
  }
  private down(at: number, flags: number): number {
    const entry = this.guest.get(at)
    if (entry & P) return (entry & ~0xfff) >>> 0
    const page = this.page()
    this.guest.put(at, (page | flags) >>> 0)
    return page
  }

  /** Maps a page; returns where the entry lies. */
  map(va: number, page: number, flags: number): number {
    const at = this.leafAt(va)
    this.guest.put(at, ((page * 4096) | flags) >>> 0)
    return at
  }
}

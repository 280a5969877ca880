/** Where things are in a hostile Guest: guest-physical, small, fixed. */
export const PAGE_OFFSET = 0xc0000000
export const PAGES = 128
export const RAM = PAGES * 4096
export const TOP = 0x1000
export const MIDDLE = 0x2000
export const LEAF = 0x3000
export const DATA = 0x4000
export const GDT = 0x6000
/** The next step's number. */
export const COUNTER = 0x7000
export const LAST_WORDS = 0x7800
/** Ends of the stacks: for ring 1, for traps from ring 3, for ring 3. */
export const STACK = 0x9000
export const TRAP_STACK = 0xa000
export const USER_STACK = 0xc000
export const CODE = 0x10000
export const HANDLER = 0x10200
/** Steps, STEP bytes each; from USER_STEPS on what they do in ring 3. */
export const STEPS = 0x14000
export const USER_STEPS = 0x18000
export const STEP = 128
export const MOST_STEPS = 128
export const VARIABLES = 0x20000
/** Behind RAM, if it has devices: their pages, or the windows through which PCI shows them. */
export const DEVICE_PAGES = 32
export const WINDOWS = RAM + 0x4000
/** Where rings are put that may be anywhere. */
export const RINGS_OF_PCI = [0x30000, 0x34000, 0x38000]
/** A page that two Guests share. */
export const SHARED = 0x7f000

/** Pages that ring 3 may use. */
export function forUsers(page: number): boolean {
  const at = page * 4096
  return at === USER_STACK - 4096 || at >= USER_STEPS
}

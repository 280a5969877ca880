/** Where the rings of a queue of 256 lie behind its descriptors; the used one has pages of its own. */
export const entries = 256
export const availableAt = 16 * entries
export const usedAt = 2 * 4096

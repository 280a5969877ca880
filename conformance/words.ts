/** How numbers are told. */
export const hex = (n: number) => (n >>> 0).toString(16)

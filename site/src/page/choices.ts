/** What a reader once chose, kept by the browser for all pages. A private window keeps nothing: a choice then holds for its page. */
export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(name, value)
  } catch {
    // Nothing is kept.
  }
}

/** What was chosen; null if nothing was, or nothing is kept. */
export function chosen(name: string): string | null {
  try {
    return localStorage.getItem(name)
  } catch {
    return null
  }
}

/** Finds the statements that the strings of a test file name. */
const STRING = /(['"`])((?:(?!\1)[^])*?B-[A-Z]-\d{3}(?:(?!\1)[^])*)\1/g
const RUN = /(B-[A-Z])-\d{3}(?:(?:, ?| and | to )(?:\1-)?\d{3}\b)*/g
const STEP = /(, ?| and | to |^)(?:B-[A-Z]-)?(\d{3})/g

/** `B-L-038 to 040, 042` and the like, spelt out. */
export function namesIn(text: string): Set<string> {
  const ids = new Set<string>()
  for (const line of text.split('\n')) {
    for (const [, , string] of line.matchAll(STRING)) spellAll(string, ids)
  }
  return ids
}

/** The same in prose, where a series may run on in the next line. */
export function namesInProse(text: string): Set<string> {
  const ids = new Set<string>()
  spellAll(text.replace(/\s+/g, ' '), ids)
  return ids
}

function spellAll(text: string, ids: Set<string>): void {
  for (const [run, series] of text.matchAll(RUN)) spellOut(run, series, ids)
}

function spellOut(run: string, series: string, ids: Set<string>): void {
  let last = 0
  for (const [, link, digits] of run.matchAll(STEP)) {
    const number = Number(digits)
    const first = link === ' to ' ? last + 1 : number
    for (let n = first; n <= number; n++) ids.add(`${series}-${String(n).padStart(3, '0')}`)
    last = number
  }
}

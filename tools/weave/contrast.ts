/** Colours that can be read: the contrast of WCAG 2, and how to come by it. */

/** Red, green and blue of `#rrggbb`, 0 to 255. */
const channels = (colour: string) => [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16))

function luminance(colour: string): number {
  const [r, g, b] = channels(colour).map((c) => c / 255)
    .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

/** From 1, none, to 21, black on white; 4.5 is asked of text. */
export function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (light + 0.05) / (dark + 0.05)
}

/** The colour nearest to `colour`, on its way away from `ground`, that has the contrast asked of text. */
export function readable(colour: string, ground: string): string {
  const goal = luminance(ground) > 0.5 ? 0 : 255
  for (let share = 0; share < 1; share += 0.05) {
    const mixed = '#' + channels(colour).map((c) =>
      Math.round(c + (goal - c) * share).toString(16).padStart(2, '0')).join('')
    if (contrast(mixed, ground) >= 4.6) return mixed
  }
  return goal ? '#ffffff' : '#000000'
}

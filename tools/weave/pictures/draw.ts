/** Which fences are pictures, and what draws them. */
import { drawBits } from './bits.ts'
import { drawLayout } from './layout.ts'
import { sourceOf, type Source } from './picture.ts'
import { drawSketch } from './sketch.ts'
import { drawTimeline } from './timeline.ts'

const kinds: Record<string, (source: Source) => string> = {
  layout: drawLayout, bits: drawBits, timeline: drawTimeline, sketch: drawSketch,
}

/** Whether a fence's language is that of a picture. */
export const isPicture = (lang: string | null | undefined): boolean => lang != null && Object.hasOwn(kinds, lang)

/** The HTML of a picture; throws a PictureError if it cannot be drawn. */
export const draw = (lang: string, body: string): string => kinds[lang](sourceOf(body))

/** One hash for all that is compared by content. */
import { createHash } from 'node:crypto'

export const hash = (text: string | Uint8Array): string =>
  createHash('sha1').update(text).digest('base64url')

/** Small pages at addresses of old, which lead on to where a chapter is now. */
import { slug } from '../tangle/names.ts'
import { renamedTag } from '../tangle/renamed.ts'
import { escape } from './highlight.ts'
import { relative, type Page } from './model.ts'

/** Tags that were ever renamed lie between these, by letter. */
const olds: [string, number, number][] = [['L', 500, 899], ['P', 1000, 3899], ['E', 498, 769]]

/** Tags of today, and ids that their headings once had. */
const idsOfOld = olds.flatMap(([letter, from, to]) =>
  Array.from({ length: to - from + 1 }, (_, i) => `${letter}:${from + i}`).flatMap((old): [string, string][] => {
    const tag = renamedTag(old)
    return tag ? [[tag, slug(old)]] : []
  }))

/** By the old id of each of a chapter's sections, the one of today. */
function movedIds(page: Page): Record<string, string> {
  const ids = new Map(page.sections.map(({ tag, id }) => [tag, id]))
  return Object.fromEntries(idsOfOld.flatMap(([tag, old]) => {
    const id = ids.get(tag)
    return id ? [[old, id]] : []
  }))
}

/** The page at `from`; the section that an address names after `#` is led to where it is now. */
export function redirect(from: string, page: Page): string {
  const url = escape(relative(from, page.url))
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Moved</title>
<script>const moved=${JSON.stringify(movedIds(page))},id=location.hash.slice(1);location.replace("${url}"+(id&&"#"+(moved[id]??id)))</script>
<meta http-equiv="refresh" content="0; url=${url}">
<link rel="icon" href="${escape(relative(from, 'icon.svg'))}" type="image/svg+xml">
<link rel="canonical" href="${url}">
<meta name="robots" content="noindex">
</head>
<body><main><h1>Moved</h1><p>This chapter is now <a href="${url}">elsewhere in the book</a>.</p></main></body>
</html>
`
}

/** Small pages at addresses of old, which lead on to where a chapter is now. */
import { escape } from './highlight.ts'
import { relative } from './model.ts'

/** The page at `from`; a section named after `#` is sought in the new chapter, too. */
export function redirect(from: string, to: string): string {
  const url = escape(relative(from, to))
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Moved</title>
<meta http-equiv="refresh" content="0; url=${url}">
<link rel="icon" href="${escape(relative(from, 'icon.svg'))}" type="image/svg+xml">
<link rel="canonical" href="${url}">
<meta name="robots" content="noindex">
</head>
<body><main><h1>Moved</h1><p>This chapter is now <a href="${url}">elsewhere in the book</a>.</p></main></body>
</html>
`
}

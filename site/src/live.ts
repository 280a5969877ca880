/**
 * For readers who are writing: the server says which pages were woven anew, and
 * an open one reloads where it was; what is wrong in the book stands in a banner.
 */
interface News { pages: string[], errors: { place: string, message: string, hint?: string }[] }

const root = new URL(document.documentElement.dataset.root ?? '', location.href)
const here = decodeURIComponent(location.pathname.slice(new URL(root).pathname.length)) || 'index.html'

new EventSource(new URL('live', root)).onmessage = ({ data }) => {
  const { pages, errors } = JSON.parse(data as string) as News
  banner(errors)
  if (pages.some((page) => page === here || /^[^/]*\.(css|js)$/.test(page))) location.reload()
}

/** All errors at the foot of the page, until the next weave. */
function banner(errors: News['errors']): void {
  document.getElementById('errors')?.remove()
  if (errors.length === 0) return
  const made = Object.assign(document.createElement('div'), { id: 'errors' })
  made.setAttribute('role', 'alert')
  for (const { place, message, hint } of errors) {
    const line = document.createElement('p')
    line.append(Object.assign(document.createElement('code'), { textContent: place }), ` ${message}`)
    if (hint) line.append(Object.assign(document.createElement('i'), { textContent: ` ${hint}` }))
    made.append(line)
  }
  document.body.append(made)
}

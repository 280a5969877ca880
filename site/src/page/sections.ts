/** Marks the section in view in the list at the side: the last whose heading is above the fold's upper third. */
export function followSections(): void {
  const links = [...document.querySelectorAll<HTMLAnchorElement>('.sections a')]
  const headings = links.map((link) => document.getElementById(decodeURIComponent(link.hash.slice(1))))
  if (links.length === 0) return
  let waiting = false
  const mark = () => {
    waiting = false
    const edge = innerHeight / 3
    const at = headings.findLastIndex((heading) => heading && heading.getBoundingClientRect().top < edge)
    links.forEach((link, i) => {
      link.classList.toggle('now', i === at)
      if (i === at) link.setAttribute('aria-current', 'location')
      else link.removeAttribute('aria-current')
    })
  }
  addEventListener('scroll', () => {
    if (!waiting) requestAnimationFrame(mark)
    waiting = true
  }, { passive: true })
  mark()
}

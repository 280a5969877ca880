// The little that the pages do by themselves: theme, menu, keys, copying.
// Everything else works without it.
const root = document.documentElement
const store = (theme) => { try { localStorage.setItem('theme', theme) } catch { /* private window */ } }

document.getElementById('theme').addEventListener('click', () => {
  const dark = matchMedia('(prefers-color-scheme: dark)').matches
  const now = root.dataset.theme ?? (dark ? 'dark' : 'light')
  root.dataset.theme = now === 'dark' ? 'light' : 'dark'
  store(root.dataset.theme)
})

const tree = document.getElementById('chapters')
const menu = document.getElementById('menu')
menu.addEventListener('click', () => {
  const open = tree.classList.toggle('open')
  menu.setAttribute('aria-expanded', String(open))
})

// Show the chapter in its tree, without moving the page.
const current = tree.querySelector('[aria-current]')
if (current) {
  const below = current.getBoundingClientRect().top - tree.getBoundingClientRect().top
  tree.scrollTop += below - tree.clientHeight / 2
}

addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  if (event.target.closest('input, textarea, select, [tabindex]')) return
  const rel = { ArrowLeft: 'prev', ArrowRight: 'next' }[event.key]
  if (rel) document.querySelector(`.turns a[rel="${rel}"]`)?.click()
})

if (navigator.clipboard) {
  for (const caption of document.querySelectorAll('figure.code > figcaption')) {
    const button = Object.assign(document.createElement('button'), { type: 'button', className: 'copy', textContent: 'copy' })
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(caption.parentElement.querySelector('code').innerText)
      button.textContent = 'copied'
      setTimeout(() => { button.textContent = 'copy' }, 1500)
    })
    caption.append(button)
  }
}

// What is wider than the screen can be scrolled with the keyboard, too.
for (const wide of document.querySelectorAll('pre, .canvas, .scroll, table')) {
  if (wide.scrollWidth > wide.clientWidth) wide.tabIndex = 0
}

// Mark the section in view in the list at the side.
const links = new Map([...document.querySelectorAll('.sections a')].map((a) => [a.hash.slice(1), a]))
const seen = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) continue
    for (const link of links.values()) link.classList.remove('here')
    links.get(target.id)?.classList.add('here')
  }
}, { rootMargin: '-10% 0px -75% 0px' })
for (const id of links.keys()) {
  const heading = document.getElementById(id)
  if (heading) seen.observe(heading)
}

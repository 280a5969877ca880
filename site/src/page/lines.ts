/** Files: `?line=12` leads to line 12, and a click on a line's number makes an address of it. */
export function leadToLines(): void {
  const whole = document.querySelector('.whole')
  if (!whole) return
  const line = new URLSearchParams(location.search).get('line')
  if (line && /^\d+$/.test(line)) location.replace(`${location.pathname}#L${line}`)
  whole.addEventListener('click', (event) => {
    const at = event as MouseEvent
    const target = (at.target as Element).closest('.l')
    if (target && at.clientX < target.getBoundingClientRect().left + 40) location.hash = target.id
  })
}

/** Run on a terminal: tells its size, and once more when that has changed. */
import { NodeConsole } from '../../generated/launcher/node/console.ts'

const input = new NodeConsole()

function tell(): void {
  const size = input.size()
  console.log(size === null ? 'no window' : `${size.columns} x ${size.rows}`)
}

tell()
if (input.size() !== null) {
  const waiting = setTimeout(() => {}, 30_000)
  input.onResize = () => {
    tell()
    clearTimeout(waiting)
  }
}

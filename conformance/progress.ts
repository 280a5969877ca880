/** One line that moves on a terminal; nothing in a pipe. */
export class Progress {
  private last = 0

  show(text: string): void {
    if (!process.stderr.isTTY || Date.now() - this.last < 100) return
    this.last = Date.now()
    process.stderr.write(`\r\x1b[K${text}`)
  }

  done(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  }
}

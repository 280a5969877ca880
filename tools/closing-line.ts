/** A vitest reporter whose last line is plain: `12 passed, 0 failed, 1 skipped`. */
import type { Reporter, TestModule } from 'vitest/node'

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const count = { passed: 0, failed: errors.length, skipped: 0, pending: 0 }
    for (const module of modules) {
      const tests = [...module.children.allTests()]
      for (const test of tests) count[test.result().state]++
      if (module.state() === 'failed' && tests.length === 0) count.failed++
    }
    const skipped = count.skipped + count.pending
    process.on('exit', () => {
      console.log(`${count.passed} passed, ${count.failed} failed, ${skipped} skipped`)
    })
  }
}

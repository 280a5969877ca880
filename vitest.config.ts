import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './tools/longest-first.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/**/fixtures/**', 'node_modules/**'],
    globalSetup: './tools/test-folder.ts',
    reporters: ['default', './tools/closing-line.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000, // what a test tidies away waits for the same disk as the test
    // By itself vitest leaves a processor to whoever watches: of two that is half.
    maxWorkers: availableParallelism(),
    sequence: { sequencer: LongestFirst },
    coverage: { provider: 'v8', include: ['generated/**/*.ts'], reporter: ['text', 'html'] },
  },
})

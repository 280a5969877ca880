import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/**/fixtures/**', 'node_modules/**'],
    globalSetup: './tools/test-folder.ts',
    reporters: ['default', './tools/closing-line.ts'],
    testTimeout: 30_000,
    coverage: { provider: 'v8', include: ['generated/**/*.ts'], reporter: ['text', 'html'] },
  },
})

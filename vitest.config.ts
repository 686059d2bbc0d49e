import { defineConfig } from 'vitest/config'

// A test takes milliseconds, the longest some seconds; on a machine that is busy with other work each of them may take many times as long.
const unit = { setupFiles: ['test/support/fast-check.ts'], isolate: false, testTimeout: 120_000, hookTimeout: 120_000 }

export default defineConfig({
  test: {
    projects: [
      { test: { ...unit, name: 'unit', include: ['test/**/*.test.ts'], exclude: ['test/**/*.long.test.ts'] } },
      { test: { ...unit, name: 'long', include: ['test/**/*.long.test.ts'] } },
      {
        test: {
          name: 'interop',
          include: ['interop-tests/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
})

import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/**/*.test.ts'], setupFiles: ['test/support/fast-check.ts'], isolate: false, testTimeout: 20_000 } },
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

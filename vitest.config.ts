import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/setup/services.ts'],
    pool: 'forks',
    // Much of a test is waiting for another process, so two run at once even on two cores.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // oclif writes to the real streams; vitest's interception would reorder what a command prints.
    disableConsoleIntercept: true,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', 'json'],
    outputFile: { json: 'coverage/results.json' },
  },
})

import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { testFiles } from './test/setup/kinds.ts'
import { LongestFirst } from './test/setup/longest-first.ts'

const { unit, integration } = testFiles()

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: 'unit', include: unit } },
      { extends: true, test: { name: 'integration', include: integration, globalSetup: ['test/setup/services.ts'] } },
    ],
    pool: 'forks',
    sequence: { sequencer: LongestFirst },
    setupFiles: ['test/setup/seed.ts'],
    // Much of a test is waiting for another process, so three run at once even on two cores.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    // oclif writes to the real streams; vitest's interception would reorder what a command prints.
    disableConsoleIntercept: true,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', 'json'],
    outputFile: { json: 'coverage/results.json' },
    // Collected by `npm run coverage` only, which runs the unit tests.
    coverage: {
      provider: 'v8',
      include: ['src/domain/**', 'src/registry/**', 'src/runtime/**'],
      reporter: ['text-summary', 'html'],
      reportsDirectory: 'coverage/report',
      // A floor for what the unit tests run of each folder; the integration tests cover the stores and the transports.
      thresholds: {
        'src/domain/**': { lines: 85, branches: 70 },
        'src/registry/**': { lines: 45 },
        'src/runtime/**': { lines: 40 },
      },
    },
  },
})

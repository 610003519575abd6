import { setTimeout as sleep } from 'node:timers/promises'
import { vi } from 'vitest'

/** Commands that run in the test's process wait a hundredth of their pauses between two looks at CloudFormation. */
vi.mock('../../src/operations/stacks/clients.ts', async (original) => {
  const real = await original<typeof import('../../src/operations/stacks/clients.ts')>()
  const stackClients: typeof real.stackClients = async (place) => ({
    ...(await real.stackClients(place)),
    pause: async (ms, signal) => {
      await sleep(ms / 100, undefined, { ...(signal !== undefined && { signal }) }).catch(() => undefined)
    },
  })
  return { ...real, stackClients }
})

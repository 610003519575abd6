import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * The files that take longer than half a minute, longest first. A worker that gets one of them last runs alone until it is done.
 * A missing or wrong entry costs time and nothing else.
 */
const longest = [
  'dev/rehearse/stage/faults.test.ts',
  'dev/rehearse/stage/solo-faults.test.ts',
  'dev/rehearse/cloudformation/variants.test.ts',
  'dev/prove/prove.test.ts',
  'runtime/worker/outage.test.ts',
  'dev/rehearse/stage/stage.test.ts',
  'runtime/worker/kill.test.ts',
  'cli/rehearse.test.ts',
  'dev/local/dev.test.ts',
  'runtime/agent/chaos.test.ts',
  'operations/trail/terminal.test.ts',
  'cli/conventions.test.ts',
  'cli/interactive.test.ts',
  'operations/trail/uninstall.test.ts',
  'runtime/agent/maps.test.ts',
  'security/revoked.test.ts',
]

function place({ moduleId }: TestSpecification): number {
  const at = longest.findIndex((file) => moduleId.endsWith(`/test/${file}`))
  return at < 0 ? longest.length : at
}

/** Starts the longest files first, and leaves the order of the others to vitest. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted.sort((a, b) => place(a) - place(b))
  }
}

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Child, startNode } from '../../support/child.ts'
import { temporaryFolder } from '../../support/names.ts'
import type { World } from '../../support/world.ts'
import { outbox } from './support.ts'

const program = fileURLToPath(new URL('./agent-process.ts', import.meta.url))

export interface AgentProcessOptions {
  readonly database: string
  readonly world: World
  /** Absent: the gateway of the world. */
  readonly gateway?: string
  /** Absent: a journal of its own. */
  readonly journal?: string
  readonly name?: string
  readonly leaseMs?: number
}

/** An agent as a process of its own. */
export function startAgentProcess({
  database,
  world,
  gateway,
  journal,
  name = 'a1',
  leaseMs = 45_000,
}: AgentProcessOptions): Child {
  return startNode([program], {
    PATH: process.env.PATH ?? '',
    DATABASE: database,
    GATEWAY: gateway ?? world.listening.url,
    CREDENTIALS: world.live.basic,
    KEY: Buffer.alloc(32, 7).toString('base64'),
    MAP: JSON.stringify(outbox),
    LEASE_MS: String(leaseMs),
    NAME: name,
    JOURNAL: journal ?? join(temporaryFolder(), 'journal.db'),
  })
}

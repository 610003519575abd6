import { afterAll, beforeAll, beforeEach, describe } from 'vitest'
import type { Registry } from '../../src/registry/index.ts'
import { calendarContract } from './contract/calendar.ts'
import { changesContract } from './contract/changes.ts'
import { checksContract } from './contract/checks.ts'
import { countsContract } from './contract/counts.ts'
import { fallbackContract } from './contract/fallback.ts'
import { giveBackContract } from './contract/give-back.ts'
import { idempotencyContract } from './contract/idempotency.ts'
import { limitsContract } from './contract/limits.ts'
import { messagesContract } from './contract/messages.ts'
import { noncesContract } from './contract/nonces.ts'
import { openContract } from './contract/open.ts'
import { policyContract } from './contract/policy.ts'
import { profilesContract } from './contract/profiles.ts'
import { settleContract } from './contract/settle.ts'
import { type Clock, type Engine, noon, Tenant } from './fixtures.ts'

/** What each part of the contract runs on. */
export interface World {
  readonly clock: Clock
  readonly engine: () => Engine
  readonly registry: () => Registry
  /** Adds a customer of its own, so that tests do not affect each other. */
  tenant(...more: Parameters<typeof Tenant.with> extends [unknown, ...infer Rest] ? Rest : never): Promise<Tenant>
}

/**
 * The guarantees of every registry engine.
 * @param open creates the engine; called once, before the first test
 */
export function registryContract(name: string, open: () => Engine): void {
  describe(`registry in ${name}`, () => {
    const clock: Clock = { now: noon }
    let opened: { engine: Engine; registry: Registry } | undefined
    const current = () => {
      if (opened === undefined) throw new Error('not opened yet')
      return opened
    }
    const world: World = {
      clock,
      engine: () => current().engine,
      registry: () => current().registry,
      tenant: (...more) => Tenant.with(current().registry, ...more),
    }

    beforeAll(async () => {
      const engine = open()
      opened = { engine, registry: await engine.open(clock) }
    })
    beforeEach(() => {
      clock.now = noon
    })
    afterAll(async () => {
      await opened?.registry.close()
      await opened?.engine.close()
    })

    checksContract(world)
    fallbackContract(world)
    idempotencyContract(world)
    settleContract(world)
    openContract(world)
    giveBackContract(world)
    countsContract(world)
    messagesContract(world)
    policyContract(world)
    noncesContract(world)
    limitsContract(world)
    calendarContract(world)
    profilesContract(world)
    changesContract(world)
  })
}

import { expect, test } from 'vitest'
import type { Account } from '../../../../src/dev/rehearse/cloudformation/account.ts'
import { Resolver } from '../../../../src/dev/rehearse/cloudformation/resolver.ts'
import type { DeploySettings } from '../../../../src/domain/stage.ts'
import { shipped, variants } from '../stages.ts'
import { bases, changesFrom } from './changes.ts'
import { type Failures, knownChanges, knownCreations, knownRoundTrips } from './known-failures.ts'
import { rehearse } from './stage.ts'
import { account } from './world.ts'

const root = shipped()
const resolver = new Resolver(5_000)
const msADay = 86_400_000
/** Many deployments on a machine that does other things, too. */
const longest = 400_000

/** What failed, by the reason. */
class Found {
  readonly #by = new Map<string, string[]>()

  note(what: string, failure: string | undefined): void {
    if (failure === undefined) return
    const reason = failure.replaceAll(/-[0-9A-Fa-f]{12}(?:-r\d+)?/g, '-ID')
    this.#by.set(reason, [...(this.#by.get(reason) ?? []), what])
  }

  get failures(): Failures {
    return Object.fromEntries(this.#by)
  }
}

const dataStores = new Set([
  'AWS::RDS::DBInstance',
  'AWS::ElastiCache::ReplicationGroup',
  'AWS::DynamoDB::Table',
  'AWS::SQS::Queue',
])

function stores(aws: Account): Map<string, boolean> {
  const all = aws.inventory.all().filter(({ type }) => dataStores.has(type))
  return new Map(all.map(({ type, logicalId, id, stackId }) => [`${type} ${logicalId} ${id}`, stackId !== undefined]))
}

/** Data stores that a change has deleted, or left in the account outside the stacks. */
function leftOutside(before: Account, after: Account): string[] {
  const now = stores(after)
  return [...stores(before)].flatMap(([name, owned]) => {
    const [type, logicalId] = name.split(' ')
    if (!now.has(name)) return [`${type} ${logicalId}: deleted`]
    return owned && now.get(name) === false ? [`${type} ${logicalId}: outside the stacks`] : []
  })
}

/** An account with a stage in it. */
async function deployed(settings: DeploySettings, prefer: 'first' | 'last'): Promise<[Account, string | undefined]> {
  const aws = account({ resolver, prefer })
  return [aws, await (await rehearse(aws, root)).deploy(settings)]
}

test(
  'every variant can be created, in either order',
  async () => {
    const found = new Found()
    for (const [name, settings] of Object.entries({ ...variants, ...bases })) {
      for (const prefer of ['first', 'last'] as const) {
        const [aws, failure] = await deployed(settings, prefer)
        found.note(`${name}, ${prefer}`, failure)
        // A new resource type needs its rules: src/dev/rehearse/cloudformation/rules/.
        expect([...aws.unchecked]).toEqual([])
      }
    }
    expect(found.failures).toEqual(knownCreations)
  },
  longest,
)

test.each(Object.entries(bases))(
  '%s can change each of its settings, and change it back',
  async (base, settings) => {
    const [there, failure] = await deployed(settings, 'first')
    expect(failure).toBeUndefined()
    there.pass(msADay)
    const changed = new Found()
    const back = new Found()
    const losses: Record<string, readonly string[]> = {}
    for (const [change, other] of changesFrom(settings)) {
      const aws = there.copy()
      const stage = await rehearse(aws, root)
      const failure = await stage.deploy(other)
      changed.note(change, failure)
      const outside = failure === undefined ? leftOutside(there, aws) : []
      if (outside.length > 0) losses[change] = outside
      aws.pass(msADay)
      back.note(change, await stage.deploy(settings))
    }
    expect({ changed: changed.failures, back: back.failures, losses }).toEqual(knownChanges[base])
  },
  longest,
)

test.each(Object.entries(bases))(
  '%s can be destroyed and deployed again',
  async (base, settings) => {
    const [aws] = await deployed(settings, 'first')
    const stage = await rehearse(aws, root)
    const found = new Found()
    aws.pass(msADay)
    expect(await stage.destroy()).toMatch(/deletion protection/)
    const data = { ...settings.parameters?.data, DeletionProtection: false }
    found.note('turn the protection off', await stage.deploy({ ...settings, parameters: { ...settings.parameters, data } }))
    found.note('destroy', await stage.destroy())
    aws.pass(msADay)
    found.note('deploy again', await stage.deploy(settings))
    expect(found.failures).toEqual(knownRoundTrips[base] ?? {})
  },
  longest,
)

import { callAws, jsonCall } from '../../../aws/index.ts'
import { recordOf } from '../../../domain/record.ts'
import type { RestoreSettings, StackKey } from '../../../domain/stage.ts'
import { Conditions, type JsonMap } from '../../cloudformation/index.ts'
import { nameFrom, queueUrl, stackThere } from '../adopt.ts'
import type { Import } from '../change-set.ts'
import { accountOf, type StackClients } from '../clients.ts'
import { contentsOf } from '../contents.ts'
import { refuseOthers } from '../others.ts'
import type { StackPlan } from '../plan.ts'
import { describeStack, type Stack } from '../stack.ts'
import { effectiveParameters, templateFrom } from '../template.ts'
import { importable, importedProperties } from './importable.ts'
import { type Tagged, taggedResources } from './tagged.ts'

/**
 * A resource with the tag of the stage that no stack of the stage has. `import`: its stack can take it. `restore`: a setting names
 * it. `conflict`: it has the place of a resource of a stack, and cannot take it. `none`: no template has a place for it.
 */
export interface Left {
  readonly how: 'import' | 'restore' | 'conflict' | 'none'
  readonly type: string
  readonly name: string
  /** Why, or what to do. */
  readonly why: string
  /** For `restore`: the setting, and its value. */
  readonly setting: keyof RestoreSettings | null
  readonly value: string | null
  /** For `import` and `conflict`: the stack, and the name in its template. */
  readonly stack: StackKey | null
  readonly id: string | null
}

/** What a stack can take over. */
export interface StackImports {
  readonly plan: StackPlan
  readonly before: Stack | undefined
  readonly imports: readonly Import[]
}

export interface Found {
  readonly left: readonly Left[]
  readonly stacks: readonly StackImports[]
}

/** A place in a template that a left resource may take. */
interface Place {
  readonly plan: StackPlan
  readonly before: Stack | undefined
  readonly id: string
  readonly type: string
  /** Its name, if the template gives one. */
  readonly name: string | undefined
  readonly properties: JsonMap
  readonly isTaken: boolean
}

interface StageStack {
  readonly plan: StackPlan
  readonly before: Stack | undefined
  /** What it has: physical ids by names in the template. */
  readonly contents: ReadonlyMap<string, string>
}

async function stageStack(clients: StackClients, stage: string, plan: StackPlan): Promise<StageStack> {
  const before = await describeStack(clients, plan.name)
  if (before !== undefined) refuseOthers(clients, stage, before)
  const there = stackThere(before)
  const all = there === undefined ? [] : await contentsOf(clients, there)
  return { plan, before, contents: new Map(all.map(({ id, physicalId }) => [id, physicalId ?? ''])) }
}

function placesOf({ plan, before, contents }: StageStack): Place[] {
  const template = templateFrom(plan.template)
  const conditions = new Conditions(template, plan.parameters)
  const values = effectiveParameters(plan.template, plan.parameters)
  return [...template.resources].flatMap(([id, { type, condition, deletionPolicy, properties }]): Place[] => {
    const how = Object.hasOwn(importable, type) ? importable[type] : undefined
    // CloudFormation imports nothing without a deletion policy.
    if (how === undefined || deletionPolicy === undefined) return []
    if (condition !== undefined && conditions.holds(condition) !== true) return []
    const given = properties[how.name]
    const name = given === undefined ? undefined : nameFrom(given, values)
    if (given !== undefined && name === undefined) return []
    return [{ plan, before, id, type, name, properties, isTaken: contents.has(id) }]
  })
}

/** CloudFormation names a resource after its stack and its name in the template: `apigw-prod-data-Ledger-1ABC`. */
function fits({ type, name }: Tagged, place: Place): boolean {
  if (type !== place.type) return false
  if (place.name !== undefined) return name === place.name
  return name.toLowerCase().startsWith(`${place.plan.name}-${place.id}-`.toLowerCase())
}

const settings: readonly (readonly [keyof RestoreSettings, type: string, name: RegExp])[] = [
  ['masterKey', 'AWS::SecretsManager::Secret', /-master-key-/],
  ['database', 'snapshot of the database', /-snapshot-database-/],
  ['registry', 'snapshot of the registry', /-snapshot-registry-/],
]

/** The stack that has a resource; undefined if none has it. */
async function ownerOf(clients: StackClients, physicalId: string): Promise<string | undefined> {
  const { DescribeStackResourcesCommand } = await import('@aws-sdk/client-cloudformation')
  return callAws(clients, 'cloudformation:DescribeStackResources', async () => {
    try {
      const { StackResources = [] } = await clients.cloudFormation.send(
        new DescribeStackResourcesCommand({ PhysicalResourceId: physicalId }),
      )
      return StackResources.find((one) => one.PhysicalResourceId === physicalId)?.StackName
    } catch (error) {
      if (error instanceof Error && error.name === 'ValidationError' && /does not exist/.test(error.message)) return undefined
      throw error
    }
  })
}

const timeoutMs = 15_000

/** Keys of a table in a comparable form. */
function keysOf({ KeySchema, AttributeDefinitions }: Readonly<Record<string, unknown>>): string {
  const pairs = (list: unknown, value: string): string[] =>
    (Array.isArray(list) ? list : []).map((one) => `${recordOf(one).AttributeName} ${recordOf(one)[value]}`).toSorted()
  return JSON.stringify([pairs(KeySchema, 'KeyType'), pairs(AttributeDefinitions, 'AttributeType')])
}

/** CloudFormation does not compare what it imports with the template, and replaces a table with other keys in the next update. */
async function differs(clients: StackClients, { type, name }: Tagged, { properties }: Place): Promise<boolean> {
  if (type !== 'AWS::DynamoDB::Table') return false
  const credentials = await clients.cloudFormation.config.credentials()
  const { region } = clients
  const { Table } = await callAws(clients, 'dynamodb:DescribeTable', () =>
    jsonCall(credentials, {
      service: 'dynamodb',
      region,
      endpoint: `https://dynamodb.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`,
      target: 'DynamoDB_20120810.DescribeTable',
      version: '1.0',
      body: { TableName: name },
      signal: AbortSignal.timeout(timeoutMs),
    }),
  )
  return keysOf(recordOf(Table)) !== keysOf(properties)
}

const nothing = { setting: null, value: null, stack: null, id: null } as const

function withoutPlace({ arn, type, name }: Tagged, places: readonly Place[]): Left {
  const restored = settings.find(([, of, form]) => of === type && form.test(name))
  if (restored !== undefined) {
    const [setting] = restored
    const value = setting === 'masterKey' ? arn : name
    return { ...nothing, how: 'restore', type, name, why: 'CloudFormation does not import it', setting, value }
  }
  const taken = places.find(({ isTaken, ...place }) => isTaken && fits({ arn, type, name }, { isTaken, ...place }))
  const why = taken === undefined ? 'no template has a place for it' : `${taken.plan.name} has another ${taken.id}`
  return { ...nothing, how: 'none', type, name, why }
}

interface Context {
  readonly clients: StackClients
  readonly account: string
  readonly places: readonly Place[]
  readonly chosen: readonly string[]
  readonly left: readonly Tagged[]
}

async function conflictOf(one: Tagged, place: Place, { clients, chosen, left, account }: Context): Promise<string | undefined> {
  const rivals = left.filter((other) => fits(other, place) && (chosen.length === 0 || chosen.includes(other.name)))
  if (rivals.length > 1)
    return `${rivals.length} resources could become ${place.id} of ${place.plan.name}: choose one with --resource`
  const owner = await ownerOf(clients, physicalId(one, clients.region, account))
  if (owner !== undefined) return `it belongs to the stack ${owner}`
  if (await differs(clients, one, place)) return `its keys are not those of ${place.id} in the template`
  return undefined
}

/** A queue is known to CloudFormation by its URL, everything else by its name. */
function physicalId({ type, name }: Tagged, region: string, account: string): string {
  return importable[type]?.identifier(name, { region, account }).QueueUrl ?? name
}

async function leftFrom(one: Tagged, context: Context): Promise<Left> {
  const { places, chosen } = context
  const { type, name } = one
  const place = places.find((some) => !some.isTaken && fits(one, some))
  if (place === undefined) return withoutPlace(one, places)
  const { id, plan } = place
  const where = { type, name, setting: null, value: null, stack: plan.key, id }
  if (chosen.length > 0 && !chosen.includes(name)) return { ...where, how: 'none', why: 'not chosen' }
  const conflict = await conflictOf(one, place, context)
  if (conflict !== undefined) return { ...where, how: 'conflict', why: conflict }
  return { ...where, how: 'import', why: `becomes ${id} of ${plan.name}` }
}

/** A queue without the tag of the stage has the name of one of the stage. The deployment would fail to create it. */
async function foreignQueues({ clients, places }: Context, tagged: readonly Tagged[]): Promise<Left[]> {
  const free = places.filter(({ type, name, isTaken }) => type === 'AWS::SQS::Queue' && name !== undefined && !isTaken)
  const unknown = free.filter((place) => !tagged.some((one) => fits(one, place)))
  const found = await Promise.all(
    unknown.map(async ({ type, name = '', plan, id }): Promise<Left[]> => {
      if ((await queueUrl(clients, name)) === undefined) return []
      const why = 'it does not have the tag of the stage, so it may belong to something else'
      return [{ how: 'conflict', type, name, why, setting: null, value: null, stack: plan.key, id }]
    }),
  )
  return found.flat()
}

/**
 * Finds what earlier stacks of a stage left, and what can become of it. Changes nothing.
 * @param chosen names of resources to import; all if none is given
 * @throws Problem `aws-…`, `stack-stuck` if a stack is not of the stage
 */
export async function findLeft(
  clients: StackClients,
  stage: string,
  plans: readonly StackPlan[],
  chosen: readonly string[],
): Promise<Found> {
  const [tagged, account, stacks] = await Promise.all([
    taggedResources(clients, stage),
    accountOf(clients),
    Promise.all(plans.map((plan) => stageStack(clients, stage, plan))),
  ])
  const owned = new Set(stacks.flatMap(({ contents }) => [...contents.values()]))
  const isOwned = (one: Tagged): boolean => owned.has(physicalId(one, clients.region, account)) || owned.has(one.arn)
  const left = tagged.filter((one) => !isOwned(one))
  const places = stacks.flatMap(placesOf)
  const context = { clients, account, places, chosen, left }
  const all: Left[] = []
  // One after the other: CloudFormation throttles.
  for (const one of left) all.push(await leftFrom(one, context))
  all.push(...(await foreignQueues(context, tagged)))
  return { left: all, stacks: stacks.flatMap((one) => importsOf(one, all, context)) }
}

function importsOf({ plan, before }: StageStack, left: readonly Left[], { places, clients, account }: Context): StackImports[] {
  const imports = left.flatMap(({ how, stack, id, type, name }): Import[] => {
    const place = places.find((one) => one.plan.key === stack && one.id === id)
    if (how !== 'import' || stack !== plan.key || id === null || place === undefined) return []
    const identifier = importable[type]?.identifier(name, { region: clients.region, account }) ?? {}
    return [{ id, type, name, identifier, properties: importedProperties(type, place.properties, place.name) }]
  })
  return imports.length === 0 ? [] : [{ plan, before, imports }]
}

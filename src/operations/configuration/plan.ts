import { priceClassesDocument, priceClassesFrom, priceClassOf } from '../../domain/price-classes.ts'
import { Problem } from '../../domain/problem.ts'
import type { Prices } from '../../domain/sending.ts'
import {
  type Configuration,
  configurationOf,
  configured,
  type Difference,
  differencesOf,
  type OperatorRegistry,
  type Profile,
  revisionOf,
  withoutSealed,
} from '../../registry/index.ts'
import { allProfiles } from './profiles.ts'
import { type CustomerFile, type FiledCustomer, readValidCustomers } from './read.ts'
import { bodyText } from './text.ts'

/** What would happen to one customer. */
export interface PlannedCustomer {
  readonly id: string
  readonly file: string
  readonly line: number
  /** `refused`: the domain does not allow it. `conflict`: the registry has changes that the file does not know. */
  readonly action: 'add' | 'change' | 'refused' | 'conflict'
  readonly differences: readonly Difference[]
  /** Why it is refused, or what it conflicts with. */
  readonly why?: string
  /** The revision that it was planned with; absent: the customer does not exist. */
  readonly expected?: string
  readonly configuration: Configuration
}

export interface Plan {
  /** Customers that differ, in the order of the files. */
  readonly planned: readonly PlannedCustomer[]
  /** How many customers of the files are as they should be. */
  readonly same: number
  readonly filed: number
  /** Customers of the registry that are in no file. */
  readonly unfiled: readonly { readonly id: string; readonly state: string; readonly name: string }[]
}

interface PlanOptions {
  /** The files as they were when the last change of them was applied. Absent: the revisions in the files count, if any. */
  readonly base?: readonly CustomerFile[] | undefined
  /** Overwrites the changes of others. */
  readonly force?: boolean
}

type Registry = Pick<OperatorRegistry, 'profiles' | 'document' | 'now'>

/** A sealed secret stays as it is for as long as its key exists, so it is not compared. */
const sealedLine = /^ {8}sealed: .*\n/gm

/** Profiles and their texts as they would be exported. */
async function profilesOf(registry: Registry) {
  const profiles = new Map<string, Profile>()
  const texts = new Map<string, string>()
  for await (const { profile } of allProfiles(registry)) {
    profiles.set(profile.customer.id, profile)
    texts.set(profile.customer.id, bodyText(withoutSealed(configurationOf(profile))))
  }
  return { profiles, isKnown: (id: string, body: string) => texts.get(id) === body.replace(sealedLine, '') }
}

/** A price class by its name is the class as it is now. @throws Problem `price-class-unknown` */
function withPrices(configuration: Configuration, classes: ReadonlyMap<string, Prices>): Configuration {
  const { sending } = configuration
  if (typeof sending?.prices !== 'string') return configuration
  const { name, types, destinations } = priceClassOf(classes, sending.prices)
  const copied = { name, types: { ...types }, destinations: destinations.map(({ prefix, factor }) => ({ prefix, factor })) }
  return { ...configuration, sending: { ...sending, prices: copied } }
}

function comparedTo(profile: Profile | undefined, after: Profile): Difference[] {
  return differencesOf(profile && withoutSealed(configurationOf(profile)), withoutSealed(configurationOf(after)))
}

/** Whether the registry has what the base has: then it was not changed by others. */
function isBase(stored: Profile | undefined, base: FiledCustomer | undefined, { classes, now }: Pick<Known, 'classes' | 'now'>) {
  if (base === undefined || stored === undefined) return base === undefined && stored === undefined
  if (base.configuration === undefined) return true
  try {
    return comparedTo(stored, configured(stored, base.id, withPrices(base.configuration, classes), now)).length === 0
  } catch (error) {
    if (error instanceof Problem) return false
    throw error
  }
}

/** What a plan is made with. */
interface Known {
  readonly classes: ReadonlyMap<string, Prices>
  readonly base: ReadonlyMap<string, FiledCustomer> | undefined
  readonly force: boolean
  readonly now: number
}

/** What others changed that the file does not know. `undefined`: nothing, as far as the file can say. */
function conflictOf(stored: Profile | undefined, { id, revision }: FiledCustomer, known: Known): string | undefined {
  if (known.force) return undefined
  if (known.base !== undefined) {
    return isBase(stored, known.base.get(id), known) ? undefined : 'the registry differs from the base'
  }
  if (revision === undefined || (stored !== undefined && revisionOf(stored) === revision)) return undefined
  return stored === undefined ? 'it was removed since the export' : 'it was changed since the export'
}

/** @returns `undefined` where nothing differs */
function plannedFor(
  stored: Profile | undefined,
  filed: FiledCustomer,
  wish: Configuration,
  known: Known,
): PlannedCustomer | undefined {
  const { id, file, line } = filed
  const place = { id, file, line, ...(stored !== undefined && { expected: revisionOf(stored) }) }
  try {
    const configuration = withPrices(wish, known.classes)
    const differences = comparedTo(stored, configured(stored, id, configuration, known.now))
    if (differences.length === 0 && stored !== undefined) return undefined
    const why = conflictOf(stored, filed, known)
    if (why !== undefined) return { ...place, action: 'conflict', differences, why, configuration }
    return { ...place, action: stored === undefined ? 'add' : 'change', differences, configuration }
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return { ...place, action: 'refused', differences: [], why: error.message, configuration: wish }
  }
}

/**
 * Compares files with a registry. Changes nothing.
 * @throws Problem `config-invalid` for a fault in a file, with its line
 */
export async function planCustomers(
  registry: Registry,
  files: readonly CustomerFile[],
  options: PlanOptions = {},
): Promise<Plan> {
  const { profiles, isKnown } = await profilesOf(registry)
  const filed = readValidCustomers(files, isKnown)
  const base = options.base === undefined ? undefined : readValidCustomers(options.base, isKnown)
  const classes = priceClassesFrom((await registry.document(priceClassesDocument))?.text)
  const known: Known = { classes, base, force: options.force ?? false, now: await registry.now() }
  const planned = [...filed.values()].flatMap((one) =>
    one.configuration === undefined ? [] : (plannedFor(profiles.get(one.id), one, one.configuration, known) ?? []),
  )
  const unfiled = [...profiles.values()].filter(({ customer }) => !filed.has(customer.id))
  return {
    planned,
    same: filed.size - planned.length,
    filed: filed.size,
    unfiled: unfiled.map(({ customer: { id, state, name } }) => ({ id, state, name })),
  }
}

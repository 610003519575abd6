import { environments } from '../../domain/names.ts'
import { Problem, type ProblemCode } from '../../domain/problem.ts'
import { quantity } from '../../domain/quantity.ts'
import { type Context, removeCustomer, setCustomer } from '../customers/index.ts'
import type { Plan, PlannedCustomer } from './plan.ts'

/** What became of one customer. */
export interface AppliedCustomer {
  readonly id: string
  /** `failed`: it is as it was. `suspended`: it was to be removed, and calls of it are under way. */
  readonly outcome: 'added' | 'changed' | 'removed' | 'suspended' | 'failed'
  readonly why?: string
}

/** What hangs on a customer outside the registry. */
export interface Attached {
  /** Before its state is changed, so that a command that is run again after an interruption finds both undone. */
  readonly stateChanging: (customer: string, suspended: boolean) => Promise<void>
  /** Before it is removed. */
  readonly removing: (customer: string) => Promise<void>
}

/** Problems of one customer. After any other the rest would fail too. */
const ofOne: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  'customer-changed',
  'customer-exists',
  'customer-id-retired',
  'customer-unknown',
  'input-invalid',
  'quota-invalid',
  'route-invalid',
  'sender-invalid',
])

/** @throws Problem of the first customer that is refused or conflicts: nothing was changed */
export function checkApplicable({ planned }: Pick<Plan, 'planned'>): void {
  const stopped = planned.filter(({ action }) => action === 'refused' || action === 'conflict')
  const [first] = stopped
  if (first === undefined) return
  const more = stopped.length > 1 ? ` The same for ${quantity(stopped.length - 1, 'other customer')}.` : ''
  const { id, file, line, action, why = '' } = first
  const text = `${file}, line ${line}: ${id}: ${why.replace(/\.$/, '')}. Nothing was changed.${more}`
  if (action === 'refused') throw new Problem('config-invalid', text, { next: 'correct the file' })
  throw new Problem('customer-changed', text, {
    next: 'export again and repeat your change, or add --force-conflicts to overwrite the change of others',
  })
}

/** Runs one step for a customer; a failure that concerns this customer alone is its outcome. */
async function outcomeOf(id: string, step: () => Promise<AppliedCustomer>): Promise<AppliedCustomer> {
  try {
    return await step()
  } catch (error) {
    if (error instanceof Problem && ofOne.has(error.code)) return { id, outcome: 'failed', why: error.message }
    throw error
  }
}

async function applyOne({ registry, actor }: Context, planned: PlannedCustomer, attached: Attached): Promise<AppliedCustomer> {
  const { id, expected, configuration, differences } = planned
  const state = expected === undefined ? undefined : differences.find(({ path }) => path.join('.') === 'state')?.after
  if (state !== undefined) await attached.stateChanging(id, state === 'suspended')
  await registry.change(
    { kind: 'configureCustomer', customer: id, configuration, ...(expected !== undefined && { expected }) },
    actor,
  )
  return { id, outcome: expected === undefined ? 'added' : 'changed' }
}

/**
 * Removes a customer that is in no file. It is suspended first, so that no new call begins, and stays if calls are under way: what
 * they spent would be lost with it.
 */
async function pruneOne(context: Context, id: string, attached: Attached): Promise<AppliedCustomer> {
  await attached.stateChanging(id, true)
  await setCustomer(context, id, { state: 'suspended' })
  const open = await Promise.all(environments.map((environment) => context.registry.open(id, environment)))
  const calls = open.reduce((sum, { count }) => sum + count, 0)
  if (calls > 0) {
    const why = `${quantity(calls, 'call')} of it ${calls === 1 ? 'is' : 'are'} under way. It is suspended; run the command again later`
    return { id, outcome: 'suspended', why }
  }
  await attached.removing(id)
  await removeCustomer(context, id)
  return { id, outcome: 'removed' }
}

/**
 * Carries a plan out, one customer after the other. Each is changed as a whole or not at all, and only if it is still as it was planned
 * with. After an interruption, the same command continues with what is left.
 *
 * @param prune customers to remove
 * @throws Problem of the registry, with how many customers were changed before
 */
export async function* applyPlan(
  context: Context,
  { planned }: Pick<Plan, 'planned'>,
  prune: readonly string[],
  attached: Attached,
): AsyncGenerator<AppliedCustomer> {
  let done = 0
  const steps = [
    ...planned.map((one) => ({ id: one.id, step: () => applyOne(context, one, attached) })),
    ...prune.map((id) => ({ id, step: () => pruneOne(context, id, attached) })),
  ]
  for (const { id, step } of steps) {
    try {
      yield await outcomeOf(id, step)
      done++
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      throw new Problem(error.code, `${error.message} ${done} of ${quantity(steps.length, 'customer')} were done before.`, {
        next: 'run the command again: it continues with what is left',
        cause: error,
      })
    }
  }
}

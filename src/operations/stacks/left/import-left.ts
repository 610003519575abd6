import { apigw, step } from '../../../domain/next-step.ts'
import { Problem } from '../../../domain/problem.ts'
import { type StackKey, stackName, stacksBelow } from '../../../domain/stage.ts'
import { importingStack } from '../adopt.ts'
import type { StackClients } from '../clients.ts'
import { deployStack } from '../deploy.ts'
import { describeStack, stageTag } from '../stack.ts'
import type { Steps } from '../steps.ts'
import { isKept, protectStack } from '../termination.ts'
import type { Found, StackImports } from './left.ts'

/**
 * Refuses an import that would fail or mix up things, before anything changes.
 * @throws Problem `stack-refused`
 */
export async function refuseImport(clients: StackClients, stage: string, { left, stacks }: Found): Promise<void> {
  const conflict = left.find(({ how }) => how === 'conflict')
  if (conflict !== undefined) {
    throw new Problem('stack-refused', `${conflict.name} cannot become ${conflict.id} of ${conflict.stack}: ${conflict.why}.`, {
      next: 'look at it; choose others with --resource, rename or delete it, or change the setting of the stage in apigw.yaml that names it',
    })
  }
  for (const { plan } of stacks) await refuseWithoutBelow(clients, stage, plan.key)
}

/** A stack that exists is compared by a change set, which needs what the stacks below export. */
async function refuseWithoutBelow(clients: StackClients, stage: string, key: StackKey): Promise<void> {
  const below = await Promise.all(
    stacksBelow(key).map(async (one) => ((await describeStack(clients, stackName(stage, one))) === undefined ? [one] : [])),
  )
  const missing = below.flat()
  if (missing.length === 0) return
  throw new Problem(
    'stack-refused',
    `${stackName(stage, key)} builds on ${missing.join(' and ')} of ${stage}, which ${missing.length === 1 ? 'is' : 'are'} not deployed.`,
    {
      next: step`${apigw('deploy', ...missing, '--stage', stage)}, then ${apigw('import', '--stage', stage)}`,
    },
  )
}

/** A stack that took over resources. */
export interface Imported {
  readonly stack: StackKey
  readonly name: string
  /** Names in the template, and of the resources. */
  readonly resources: readonly { readonly id: string; readonly type: string; readonly name: string }[]
}

/**
 * Makes the found resources part of their stacks, one stack after the other. A run that is interrupted is finished by the next: what
 * was imported is part of a stack then.
 * @throws Problem as `deployStack`
 */
export async function importLeft(
  clients: StackClients,
  stage: string,
  stacks: readonly StackImports[],
  steps: Omit<Steps, 'approve'>,
  done: (imported: Imported) => void,
): Promise<void> {
  for (const { plan, before, imports } of stacks) {
    const desired = { name: plan.name, templateBody: plan.template, parameters: plan.parameters, tags: { [stageTag]: stage } }
    for (const { id, name } of imports) steps.report(`Importing ${name} into ${plan.name} as ${id}.`)
    const importing = await importingStack(clients, desired, before, imports)
    const approve: Steps['approve'] = async (changes) => changes.every(({ kind }) => kind === 'import')
    await deployStack(clients, importing, { ...steps, approve, mayRemoveFailed: async () => true })
    if (isKept(plan.key) && before?.isProtected !== true) await protectStack(clients, plan.name, true)
    done({ stack: plan.key, name: plan.name, resources: imports.map(({ id, type, name }) => ({ id, type, name })) })
  }
}

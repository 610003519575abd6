import { Args, Flags } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { confirm } from '../../cli/confirm.ts'
import { baseFlag, readCustomerFiles } from '../../cli/customer-files.ts'
import { changeWebhooks } from '../../cli/customer-webhooks.ts'
import type { Settings } from '../../cli/settings.ts'
import { quantity } from '../../domain/quantity.ts'
import {
  type AppliedCustomer,
  applyPlan,
  checkApplicable,
  customersToPrune,
  planCustomers,
} from '../../operations/configuration/index.ts'
import type { Context } from '../../operations/customers/index.ts'
import { removeWebhooks, suspendWebhooks } from '../../operations/webhooks/index.ts'
import { appliedText, plannedJson, planText, unfiledText } from '../../presenters/configuration.ts'

const exitOnFailures = 1

export default class CustomerApply extends BaseCommand {
  static override summary = 'change customers to what their files say'
  static override description =
    'Shows the differences and asks. Each customer is changed as a whole or not at all, and only if it was not changed since the export, or since --base. After an interruption, the same command continues. A section that a file leaves out stays as it is. A key that a present section leaves out is revoked. Customers in no file stay, unless --prune says how many are to go.'
  static override examples = [
    '<%= config.bin %> customer apply customers/ --dry-run',
    '<%= config.bin %> customer apply customers/ --base before/ --yes',
    '<%= config.bin %> customer apply customers.yaml --prune 2',
  ]
  static override args = {
    path: Args.string({
      multiple: true,
      ignoreStdin: true,
      required: true,
      description: 'files or folders of customers; - for stdin',
    }),
  }
  static override flags = {
    base: baseFlag,
    prune: Flags.integer({
      min: 1,
      env: 'APIGW_PRUNE',
      helpValue: 'COUNT',
      summary: 'remove the customers in no file, if there are this many; their ids cannot be reused for 400 days',
    }),
    'force-conflicts': Flags.boolean({
      default: false,
      env: 'APIGW_FORCE_CONFLICTS',
      summary: 'overwrite what others changed since the export or the base',
    }),
    yes: shared.yes,
    'dry-run': shared.dryRun,
  }

  async run() {
    const { args, flags } = await this.parse(CustomerApply)
    const dryRun = flags['dry-run']
    const files = await readCustomerFiles(args.path)
    const base = flags.base === undefined ? undefined : await readCustomerFiles([flags.base])
    return this.withContext(flags, async (context) => {
      const plan = await planCustomers(context.registry, files, { base, force: flags['force-conflicts'] })
      const prune = customersToPrune(plan, flags.prune)
      const { planned, unfiled, same } = plan
      if (planned.length > 0) this.log(planText(plan))
      if (prune.length > 0) this.log(unfiledText(unfiled))
      else if (unfiled.length > 0) this.note(`${quantity(unfiled.length, 'customer')} of the registry in no file. They stay.`)
      checkApplicable(plan)
      if (planned.length + prune.length > 0 && !dryRun) {
        const removed = prune.length === 0 ? '' : `, and remove ${prune.length} permanently`
        const question = `Change ${quantity(planned.length, 'customer')}${removed}?`
        await confirm(question, { yes: flags.yes ?? false, interactive: this.interactive })
      }
      const applied = await this.#apply(context, this.settings(flags), { planned, prune, dryRun })
      const failed = applied.filter(({ outcome }) => outcome === 'failed' || outcome === 'suspended')
      this.note(`${quantity(applied.length - failed.length, 'customer')} changed, ${quantity(same, 'customer')} as before.`)
      if (failed.length > 0) process.exitCode = exitOnFailures
      const outcomes = applied.map(({ id, outcome, why }) => ({ customer: id, outcome, why: why ?? null }))
      return { customers: planned.map(plannedJson), same, unfiled, applied: outcomes, dryRun }
    })
  }

  async #apply(
    context: Context,
    settings: Settings,
    { planned, prune, dryRun }: Parameters<typeof applyPlan>[1] & { prune: readonly string[]; dryRun: boolean },
  ): Promise<AppliedCustomer[]> {
    const applied: AppliedCustomer[] = []
    const steps = applyPlan(context, { planned }, prune, {
      stateChanging: async (id, suspended) => {
        await changeWebhooks(settings, `${id} is as it was.`, dryRun, (store) => suspendWebhooks(store, id, suspended))
      },
      removing: async (id) => {
        await changeWebhooks(settings, `${id} is suspended.`, dryRun, (store) => removeWebhooks(store, id))
      },
    })
    for await (const one of steps) {
      applied.push(one)
      if (!dryRun || one.outcome === 'failed') this.log(appliedText(one))
    }
    return applied
  }
}

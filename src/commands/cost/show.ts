import { Flags } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { ownPrices, pricingFlags } from '../../cli/cost-flags.ts'
import type { BaseFlags } from '../../cli/settings.ts'
import { stageOf } from '../../cli/stage.ts'
import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { awsCostReader, showCost } from '../../operations/cost/index.ts'
import { deployedStacks, type StackClients, type Stage, stackClients } from '../../operations/stacks/index.ts'
import { topUsage } from '../../operations/usage/index.ts'
import { linesCsv } from '../../presenters/cost.ts'
import { shownJson, shownText } from '../../presenters/cost-show.ts'

/** Customers by name; the messages of the rest are not counted. */
const maxCustomers = 1_000

interface ShowFlags extends BaseFlags {
  readonly prices?: string | undefined
  readonly 'free-tier': boolean
  readonly explain: boolean
  readonly csv: boolean
  readonly 'without-customers': boolean
  readonly profile?: string | undefined
}

export default class CostShow extends BaseCommand {
  static override summary = 'show what a stage cost this month, and what is billed for nothing'
  static override description =
    'Reads the stacks, figures of CloudWatch and the settings of queues, and changes nothing. What the caller may not read is named.\nCustomers come from the usage counters of the registry. The month is that of AWS, in UTC.'
  static override examples = [
    '<%= config.bin %> cost show --stage prod',
    '<%= config.bin %> cost show --stage prod --explain',
    '<%= config.bin %> cost show --stage prod --without-customers --json',
  ]
  static override flags = {
    ...pricingFlags,
    'without-customers': Flags.boolean({
      default: false,
      env: 'APIGW_WITHOUT_CUSTOMERS',
      summary: 'do not read from the registry what each customer used',
    }),
    csv: Flags.boolean({
      default: false,
      env: 'APIGW_CSV',
      exclusive: ['json', 'explain'],
      summary: 'print the lines as CSV',
    }),
    profile: shared.profile,
  }

  async run() {
    const { flags } = await this.parse(CostShow)
    const stage = stageOf(this.settings(flags))
    const clients = await stackClients({ region: stage.region, profile: flags.profile })
    try {
      return await this.#show(clients, stage, flags)
    } finally {
      clients.close()
    }
  }

  async #show(clients: StackClients, stage: Stage, flags: ShowFlags) {
    const { region, profile } = clients
    const own = ownPrices(flags.prices, region)
    const stacks = await deployedStacks(clients, stage, this.config.root)
    if (stacks.length === 0) {
      throw new Problem('stack-unknown', `No stack of ${stage.name} is deployed in ${region}.`, {
        next: apigw('cost estimate', '--help'),
      })
    }
    const usage = flags['without-customers'] ? undefined : await this.#usage(flags)
    const reader = await awsCostReader({ region, profile })
    try {
      const freeTier = flags['free-tier']
      const shown = await showCost({ stage: stage.name, region, stacks, reader, own, freeTier, now: Date.now(), usage })
      if (flags.csv) {
        process.stdout.write(linesCsv(shown.lines))
        return undefined
      }
      const textOf = this.nextText.bind(this)
      this.log(shownText(shown, stage.name, flags.explain, textOf))
      return { stage: stage.name, ...shownJson(shown, textOf) }
    } finally {
      reader.close()
    }
  }

  /** Live messages of this month by customer. A registry out of reach does not hold up the rest. */
  async #usage(flags: ShowFlags): Promise<{ customer: string; messages: number }[] | undefined> {
    try {
      const top = await this.withRegistry(flags, (registry) => topUsage(registry, maxCustomers, { environment: 'live' }))
      return top.map(({ customer, accepted, unsent }) => ({ customer, messages: accepted.messages - unsent.messages }))
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      this.note(`Customers are not shown: ${error.message}`)
      return undefined
    }
  }
}

import { Args } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { step } from '../../domain/next-step.ts'
import { count } from '../../domain/quantity.ts'
import { explainCustomer, nextOf } from '../../operations/customers/index.ts'
import { iso, localTime, plain, styled, table } from '../../presenters/output.ts'

export default class CustomerExplain extends BaseCommand {
  static override summary = 'explain what would happen to a call now, and the last refusals'
  static override description =
    'Checks what a call meets, in its order: state, keys, route, limits and senders. Shows the refused calls of the last 24 hours by hour and reason. Uses up nothing.'
  static override examples = [
    '<%= config.bin %> customer explain acme',
    '<%= config.bin %> customer explain acme --env test --json',
  ]
  static override args = { customer: Args.string({ required: true, description: 'customer id' }) }
  static override flags = { env: shared.env({ default: 'live' }) }

  async run() {
    const { args, flags } = await this.parse(CustomerExplain)
    return this.withRegistry(flags, async (registry) => {
      const explanation = await explainCustomer(registry, args.customer, flags.env)
      const { checks, refused, timeZone, environment, customer } = explanation
      for (const { passes, what } of checks) {
        this.log(`${passes ? styled('green', '✓') : styled('red', '✗')} ${plain(what)}`)
      }
      if (refused.length > 0) {
        const rows = refused.map((one) => [localTime(one.hour, timeZone), count(one.calls), one.reason, one.meaning])
        this.log(`\n${table(['hour from', 'calls', 'refused with', 'meaning'], rows)}`)
      } else this.note(`No call to ${environment} was refused in the last 24 hours.`)
      const next = nextOf(explanation)
      if (next !== undefined) this.note(step`Next: ${next}`)
      const passes = checks.every((one) => one.passes)
      return {
        customer,
        environment,
        passes,
        checks: checks.map(({ about, passes: one, what }) => ({ about, passes: one, what })),
        refused: refused.map((one) => ({ ...one, hour: iso(one.hour) })),
      }
    })
  }
}

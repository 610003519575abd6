import { Args, Flags } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { sendingChange, sendingFlags } from '../../cli/sending.ts'
import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { setCustomer } from '../../operations/customers/index.ts'
import { facts, iso, plain } from '../../presenters/output.ts'
import { sendingFacts, sendingJson } from '../../presenters/sending.ts'

export default class CustomerSet extends BaseCommand {
  static override summary = "change a customer's name, time zone, or what it may send"
  static override description =
    'A new time zone changes when quotas reset. Units already used stay used. What a customer may send changes with its next call.'
  static override examples = [
    '<%= config.bin %> customer set acme --name "Acme Holdings" --time-zone America/New_York',
    '<%= config.bin %> customer set acme --destination +82 --destination +81 --price-class export',
    '<%= config.bin %> customer set acme --ad-night refuse --origin-code 123456789',
    '<%= config.bin %> customer set acme --alimtalk-profile @gana-mall',
  ]
  static override args = { customer: Args.string({ required: true, description: 'customer id' }) }
  static override flags = {
    name: Flags.string({ env: 'APIGW_NAME', summary: 'display name' }),
    'time-zone': Flags.string({
      env: 'APIGW_TIME_ZONE',
      helpValue: 'ZONE',
      summary: 'IANA time zone in which quotas reset, such as Asia/Seoul',
    }),
    ...sendingFlags,
    'dry-run': shared.dryRun,
  }

  async run() {
    const { args, flags } = await this.parse(CustomerSet)
    const { customer: id } = args
    return this.withContext(flags, async (context) => {
      const change = {
        ...(flags.name !== undefined && { name: flags.name }),
        ...(flags['time-zone'] !== undefined && { timeZone: flags['time-zone'] }),
      }
      const sending = await sendingChange(context.registry, flags)
      if (Object.keys(change).length === 0 && sending === undefined) {
        throw new Problem('input-missing', 'No change was given.', { next: apigw('customer set', id, '--name', 'NAME') })
      }
      const { customer, policy } = await setCustomer(context, id, change, sending)
      this.log(`${customer.id}: ${plain(customer.name)}, ${customer.timeZone}`)
      if (sending !== undefined) this.log(facts(sendingFacts(policy, Date.now()), '  '))
      return { ...customer, createdAt: iso(customer.createdAt), sending: sendingJson(policy), dryRun: flags['dry-run'] }
    })
  }
}

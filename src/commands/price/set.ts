import { Args, Flags } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { repeated } from '../../cli/repeated.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { destinationFactor, typeUnits } from '../../domain/price-classes.ts'
import { setPriceClass } from '../../operations/customers/index.ts'
import { pricesJson, pricesText } from '../../presenters/sending.ts'

export default class PriceSet extends BaseCommand {
  static override summary = 'add or replace a price class: units per message type and destination'
  static override description =
    'A message costs the units of its type times the factor of its destination. What is not named is 1. The longest matching prefix\ndecides. Customers keep the prices that they have until you run "price apply".'
  static override examples = [
    '<%= config.bin %> price set standard --type lms=3 --type mms=8',
    '<%= config.bin %> price set export --type lms=3 --to +1=5 --to +1684=40',
  ]
  static override args = { class: Args.string({ required: true, description: 'price class: a-z, 0-9 and "-"' }) }
  static override flags = {
    type: Flags.string({
      env: 'APIGW_TYPE',
      multiple: true,
      helpValue: 'TYPE=UNITS',
      summary: 'units of a message type; repeatable',
    }),
    to: Flags.string({
      env: 'APIGW_TO',
      multiple: true,
      helpValue: 'PREFIX=FACTOR',
      summary: 'factor of a destination; repeatable',
    }),
    'dry-run': shared.dryRun,
  }

  async run() {
    const { args, flags } = await this.parse(PriceSet)
    const prices = {
      name: args.class,
      types: Object.fromEntries((repeated(flags.type) ?? []).map(typeUnits)),
      destinations: (repeated(flags.to) ?? []).map(destinationFactor),
    }
    return this.withContext(flags, async (context) => {
      await setPriceClass(context, prices)
      this.log(`${prices.name}: ${pricesText(prices)}`)
      this.note(step`For customers that have this class already: ${apigw('price apply', prices.name)}`)
      return { ...pricesJson(prices), dryRun: flags['dry-run'] }
    })
  }
}

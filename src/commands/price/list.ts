import { BaseCommand } from '../../cli/base.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { priceClasses } from '../../operations/customers/index.ts'
import { table } from '../../presenters/output.ts'
import { pricesJson, pricesText } from '../../presenters/sending.ts'

export default class PriceList extends BaseCommand {
  static override summary = 'list the price classes'
  static override examples = ['<%= config.bin %> price list']

  async run() {
    const { flags } = await this.parse(PriceList)
    return this.withRegistry(flags, async (registry) => {
      const classes = [...(await priceClasses(registry)).values()]
      if (classes.length === 0)
        this.note(step`No price classes: each message costs one unit. Next: ${apigw('price set', 'CLASS')}`)
      else {
        this.log(
          table(
            ['class', 'units'],
            classes.map((prices) => [prices.name, pricesText(prices)]),
          ),
        )
      }
      return { classes: classes.map(pricesJson) }
    })
  }
}

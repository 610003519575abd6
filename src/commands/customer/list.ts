import { BaseCommand } from '../../cli/base.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { iso, table } from '../../presenters/output.ts'

export default class CustomerList extends BaseCommand {
  static override summary = 'list all customers'
  static override examples = ['<%= config.bin %> customer list', '<%= config.bin %> customer list --json']

  async run() {
    const { flags } = await this.parse(CustomerList)
    return this.withRegistry(flags, async (registry) => {
      const customers = await registry.customers()
      if (customers.length === 0) this.note(step`No customers. Next: ${apigw('customer add')}`)
      else
        this.log(
          table(
            ['customer', 'state', 'time zone', 'name'],
            customers.map(({ id, state, timeZone, name }) => [id, state, timeZone, name]),
          ),
        )
      return { customers: customers.map((customer) => ({ ...customer, createdAt: iso(customer.createdAt) })) }
    })
  }
}

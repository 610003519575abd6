import { Flags } from '@oclif/core'
import { BaseCommand } from '../../cli/base.ts'
import { repeated } from '../../cli/repeated.ts'
import { whereFlag } from '../../cli/where.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { quantity } from '../../domain/quantity.ts'
import { allProfiles } from '../../operations/configuration/index.ts'
import {
  customerData,
  customerField,
  customerFields,
  customerValue,
  matching,
  sortedBy,
} from '../../operations/customers/index.ts'
import { iso, table } from '../../presenters/output.ts'
import type { Profile } from '../../registry/index.ts'

const defaultColumns = ['customer', 'state', 'zone', 'name']
const titles: Readonly<Record<string, string>> = { zone: 'time zone' }

export default class CustomerList extends BaseCommand {
  static override summary = 'list customers, with filters and columns'
  static override description = `Fields: ${customerFields.join(', ')}. Limits and queues are those of live.`
  static override examples = [
    '<%= config.bin %> customer list',
    '<%= config.bin %> customer list --where state=active --where "day>=100000" --columns customer,day,queue --sort -day',
    '<%= config.bin %> customer list --where origin= --limit 20 --json',
  ]
  static override flags = {
    where: whereFlag,
    sort: Flags.string({ env: 'APIGW_SORT', helpValue: 'FIELD', summary: 'field to sort by; -FIELD has the largest first' }),
    columns: Flags.string({ env: 'APIGW_COLUMNS', helpValue: 'FIELD,…', summary: 'fields to show' }),
    limit: Flags.integer({ min: 1, env: 'APIGW_LIMIT', helpValue: 'N', summary: 'show at most this many' }),
  }

  async run() {
    const { flags } = await this.parse(CustomerList)
    const matches = matching(repeated(flags.where) ?? [])
    const columns = flags.columns?.split(',').map((name) => customerField(name.trim()))
    if (flags.sort !== undefined) customerField(flags.sort.replace(/^-/, ''))
    return this.withRegistry(flags, async (registry) => {
      const now = await registry.now()
      const found: Profile[] = []
      let all = 0
      for await (const { profile } of allProfiles(registry)) {
        all++
        if (matches(profile, now)) found.push(profile)
      }
      const sorted = flags.sort === undefined ? found : sortedBy(flags.sort, found, now)
      const shown = sorted.slice(0, flags.limit)
      const names = columns ?? defaultColumns.map(customerField)
      const rows = shown.map((profile) => names.map((name) => customerValue(name, profile, now)))
      if (all === 0) this.note(step`No customers. Next: ${apigw('customer add')}`)
      else if (found.length === 0) this.note(`None of ${quantity(all, 'customer')} fulfils the conditions.`)
      else
        this.log(
          table(
            names.map((name) => titles[name] ?? name),
            rows,
          ),
        )
      if (shown.length < found.length) this.note(`${found.length - shown.length} more.`)
      const customers = shown.map((profile) => ({
        ...profile.customer,
        createdAt: iso(profile.customer.createdAt),
        ...(columns && { columns: Object.fromEntries(columns.map((name) => [name, customerData(name, profile, now)])) }),
      }))
      return { customers, found: found.length }
    })
  }
}

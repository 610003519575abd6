import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../../cli/base.ts'
import { readCustomerFiles } from '../../cli/customer-files.ts'
import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { quantity } from '../../domain/quantity.ts'
import { faultText, jsonSchema, readCustomers } from '../../operations/configuration/index.ts'
import { plain } from '../../presenters/output.ts'

const exitOnFaults = 2

export default class CustomerValidate extends BaseCommand {
  static override summary = 'check files of customers without a registry'
  static override description =
    'Checks form, names, numbers and limits, and that no secret is in the files. Prints each fault with file, line and column, and exits with 2 if there are any.'
  static override examples = ['<%= config.bin %> customer validate customers/', '<%= config.bin %> customer validate --schema']
  static override args = {
    path: Args.string({ multiple: true, ignoreStdin: true, description: 'files or folders of customers; - for stdin' }),
  }
  static override flags = {
    schema: Flags.boolean({ default: false, env: 'APIGW_SCHEMA', summary: 'print the JSON Schema of the files, for editors' }),
  }

  async run() {
    const { args, flags } = await this.parse(CustomerValidate)
    if (flags.schema) {
      const schema = jsonSchema()
      this.log(JSON.stringify(schema, null, 2))
      return schema
    }
    if (args.path === undefined) {
      throw new Problem('input-missing', 'The path is missing.', { next: apigw('customer validate', 'customers/') })
    }
    const files = await readCustomerFiles(args.path)
    const { customers, faults } = readCustomers(files)
    for (const fault of faults) this.log(plain(faultText(fault)))
    const summary = `${quantity(customers.size, 'customer')} in ${quantity(files.length, 'file')}`
    if (faults.length === 0) this.log(`${summary}: no faults.`)
    else {
      this.note(`${quantity(faults.length, 'fault')}.`)
      process.exitCode = exitOnFaults
    }
    return {
      valid: faults.length === 0,
      files: files.length,
      customers: customers.size,
      faults: faults.map(({ line, column, ...fault }) => ({ ...fault, line: line ?? null, column: column ?? null })),
    }
  }
}

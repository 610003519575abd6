import { Args } from '@oclif/core'
import { BaseCommand } from '../../cli/base.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { keysOf } from '../../operations/customers/index.ts'
import { keyJson, keysText } from '../../presenters/render.ts'

export default class KeyList extends BaseCommand {
  static override summary = "list a customer's keys and their state"
  static override examples = ['<%= config.bin %> key list acme']
  static override args = { customer: Args.string({ required: true, description: 'customer id' }) }

  async run() {
    const { args, flags } = await this.parse(KeyList)
    return this.withRegistry(flags, async (registry) => {
      const credentials = await keysOf(registry, args.customer)
      const now = await registry.now()
      if (credentials.length === 0) this.note(step`No keys. Next: ${apigw('key issue', args.customer)}`)
      else this.log(keysText(credentials, now))
      return { customer: args.customer, keys: credentials.map((credential) => keyJson(credential, now)) }
    })
  }
}

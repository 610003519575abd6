import { Args } from '@oclif/core'
import { BaseCommand } from '../../cli/base.ts'
import { showKey } from '../../operations/customers/index.ts'
import { facts } from '../../presenters/output.ts'
import { keyJson } from '../../presenters/render.ts'

export default class KeyShow extends BaseCommand {
  static override summary = 'show a key and its state, without its secret'
  static override examples = ['<%= config.bin %> key show acme ak_live_7M2V0Q8R4C6D9E1F3G5H']
  static override args = {
    customer: Args.string({ required: true, description: 'customer id' }),
    key: Args.string({ required: true, description: 'key id (API_KEY)' }),
  }

  async run() {
    const { args, flags } = await this.parse(KeyShow)
    return this.withRegistry(flags, async (registry) => {
      const credential = await showKey(registry, args.customer, args.key)
      const now = await registry.now()
      const key = keyJson(credential, now)
      const { allowIps, expiresAt, revokedAt, ...rest } = key
      const lines = {
        ...rest,
        expiresAt: expiresAt ?? 'never',
        revokedAt: revokedAt ?? 'no',
        allowIps: allowIps.join(', ') || 'anywhere',
      }
      this.log(facts(Object.entries(lines).map(([name, value]) => [name, String(value)])))
      return { customer: args.customer, ...key }
    })
  }
}

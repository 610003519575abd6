import { Args } from '@oclif/core'
import { BaseCommand } from '../../cli/base.ts'
import { originCodeOf } from '../../domain/sending.ts'
import { storedProfile } from '../../operations/customers/index.ts'
import { iso, localTime, plain, styled } from '../../presenters/output.ts'
import { profileJson, profileText } from '../../presenters/render.ts'

const maxChanges = 10

export default class CustomerShow extends BaseCommand {
  static override summary = "show a customer's quotas, routes, keys and recent changes"
  static override examples = ['<%= config.bin %> customer show acme']
  static override args = { customer: Args.string({ required: true, description: 'customer id' }) }

  async run() {
    const { args, flags } = await this.parse(CustomerShow)
    return this.withRegistry(flags, async (registry) => {
      const { profile } = await storedProfile(registry, args.customer)
      const now = await registry.now()
      const originCode = originCodeOf(profile.sending?.originCode, this.settings(flags).originCode)
      const history = await registry.history(args.customer, maxChanges)
      const changes = history.map(
        ({ at, who, from, what }) => `${localTime(at, profile.customer.timeZone)}  ${plain(who)}@${plain(from)}  ${plain(what)}`,
      )
      this.log(`${profileText(profile, now, originCode)}\n\n${styled('dim', 'RECENT CHANGES')}\n${changes.join('\n')}`)
      return {
        ...profileJson(profile, now),
        originCode: originCode ?? null,
        history: history.map((entry) => ({ ...entry, at: iso(entry.at) })),
      }
    })
  }
}

import { Args } from '@oclif/core'
import { shared } from '../../cli/base.ts'
import { WebhookCommand } from '../../cli/webhook-command.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { webhookStandings } from '../../operations/webhooks/index.ts'
import { standingJson, standingsText } from '../../presenters/webhooks.ts'

export default class WebhookList extends WebhookCommand {
  static override summary = 'list the webhooks of a customer and their state'
  static override description =
    'down: the webhook took nothing five times in a row; it is tried again every 15 minutes, and its events wait. disabled: it gets\nnothing until it is enabled, and then continues from where it was.'
  static override examples = ['<%= config.bin %> webhook list acme', '<%= config.bin %> webhook list acme --env test --json']
  static override args = { customer: Args.string({ required: true, description: 'customer id' }) }
  static override flags = { env: shared.env({ default: 'live' }) }

  async run() {
    const { args, flags } = await this.parse(WebhookList)
    const { customer } = args
    return this.withWebhooks(customer, flags, async (place) => {
      const standings = (await webhookStandings(place, customer)).filter(({ webhook }) => webhook.environment === flags.env)
      if (standings.length === 0) this.note('No webhooks.')
      else this.log(standingsText(standings))
      for (const { webhook } of standings) {
        const { name, environment, disabled } = webhook
        if (disabled === undefined || disabled.why === 'suspended') continue
        this.note(step`${name}: ${apigw('webhook enable', customer, name, '--env', environment)}`)
      }
      return { customer, environment: flags.env, webhooks: standings.map((one) => standingJson(one, Date.now())) }
    })
  }
}

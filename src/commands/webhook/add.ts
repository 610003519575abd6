import { Args, Flags } from '@oclif/core'
import { shared } from '../../cli/base.ts'
import { repeated } from '../../cli/repeated.ts'
import { WebhookCommand } from '../../cli/webhook-command.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { addWebhook, resolveName } from '../../operations/webhooks/index.ts'
import { secretText, webhookJson } from '../../presenters/webhooks.ts'

export default class WebhookAdd extends WebhookCommand {
  static override summary = 'add an endpoint that gets events of a customer'
  static override description =
    'Events are sent by the Standard Webhooks specification and signed with a secret that is shown only once. The endpoint gets what\nhappens from now on. GET /v1.0/reports returns the same outcomes, and does not depend on webhooks.'
  static override examples = [
    '<%= config.bin %> webhook add acme main --url https://hooks.acme.kr/apigw',
    '<%= config.bin %> webhook add acme failures --url https://hooks.acme.kr/failures --event message.failed --event quota.threshold',
    '<%= config.bin %> webhook add acme callbacks --url https://hooks.acme.kr/ --callbacks',
    '<%= config.bin %> webhook add demo main --url http://localhost:9000/ --local',
  ]
  static override args = {
    customer: Args.string({ required: true, description: 'customer id' }),
    name: Args.string({ required: true, description: 'name of the webhook' }),
  }
  static override flags = {
    env: shared.env({ default: 'live' }),
    url: Flags.string({ required: true, env: 'APIGW_URL', summary: 'https URL on the public internet' }),
    event: Flags.string({
      multiple: true,
      env: 'APIGW_EVENT',
      helpValue: 'TYPE',
      summary: 'event type to send; repeatable (default: all, also future ones)',
    }),
    callbacks: Flags.boolean({
      default: false,
      env: 'APIGW_CALLBACKS',
      summary: 'only for messages that name a callback at the host of the URL, which this allows',
    }),
    local: Flags.boolean({
      default: false,
      env: 'APIGW_LOCAL',
      summary: 'allow http://localhost, which only "apigw dev" sends to',
    }),
    'dry-run': shared.dryRun,
  }

  async run() {
    const { args, flags } = await this.parse(WebhookAdd)
    const { url, local, callbacks, 'dry-run': dryRun } = flags
    const key = this.keyOf(args, flags)
    const events = repeated(flags.event) ?? []
    return this.withWebhooks(args.customer, flags, async (place, { customer }) => {
      const input = { name: key.name, url, local, events, callbacks, suspended: customer.state === 'suspended' }
      const added = await addWebhook(await this.sealing(place, flags), key, input, resolveName)
      this.log(dryRun ? `Would add the webhook ${key.name} (${key.environment}).` : secretText(added, false))
      const { customer: id, name, environment } = key
      if (!dryRun) this.note(step`Send a first event: ${apigw('webhook test', id, name, '--env', environment)}`)
      return { ...webhookJson(added.webhook, Date.now()), secret: dryRun ? null : added.secret, dryRun }
    })
  }
}

import { Args, Flags } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { instant } from '../../cli/instant.ts'
import { repeated } from '../../cli/repeated.ts'
import { addressRange } from '../../domain/address.ts'
import { schemes } from '../../domain/credential.ts'
import { issueKey } from '../../operations/customers/index.ts'
import { issuedJson, issuedText } from '../../presenters/render.ts'

export default class KeyIssue extends BaseCommand {
  static override summary = 'issue a key and show its secret once'
  static override description =
    'The secret has 256 random bits and is shown only once. basic: sends the secret with each call. hmac: signs each call with the\nsecret, which is stored encrypted under the master key. jwt: exchanges the secret for a 15-minute token at /v1.0/token.'
  static override examples = [
    '<%= config.bin %> key issue acme --env test',
    '<%= config.bin %> key issue acme --scheme hmac',
    '<%= config.bin %> key issue acme --expires 90d --allow-ip 203.0.113.0/24 --json',
  ]
  static override args = { customer: Args.string({ required: true, description: 'customer id' }) }
  static override flags = {
    env: shared.env({ default: 'live' }),
    scheme: Flags.option({ options: schemes, default: 'basic', env: 'APIGW_SCHEME', summary: 'authentication scheme' })(),
    expires: Flags.string({
      env: 'APIGW_EXPIRES',
      helpValue: 'WHEN',
      summary: 'expiry: a time (2027-01-31T00:00:00Z) or a duration from now (90d, 12h)',
    }),
    'allow-ip': Flags.string({
      env: 'APIGW_ALLOW_IP',
      multiple: true,
      helpValue: 'RANGE',
      summary: 'allow calls only from this address or range; repeatable',
    }),
    'dry-run': shared.dryRun,
  }

  async run() {
    const { args, flags } = await this.parse(KeyIssue)
    const input = {
      scheme: flags.scheme,
      environment: flags.env,
      expiresAt: flags.expires === undefined ? undefined : instant(flags.expires, Date.now()),
      allowIps: repeated(flags['allow-ip'])?.map(addressRange),
    }
    return this.withContext(flags, async (context) => {
      const issued = await issueKey(context, args.customer, input)
      const dryRun = flags['dry-run']
      this.log(issuedText(issued, dryRun))
      return { customer: args.customer, ...issuedJson(issued, issued.credential.createdAt, dryRun), dryRun }
    })
  }
}

import { Flags } from '@oclif/core'
import { BaseCommand, shared } from '../cli/base.ts'
import { findCredentials } from '../cli/credentials.ts'
import { sendMessage } from '../client/index.ts'
import { schemes } from '../domain/credential.ts'
import { plain } from '../presenters/output.ts'

export default class Send extends BaseCommand {
  static override summary = 'send a message as a customer'
  static override description =
    'Reads credentials from APIGW_CREDENTIALS (ID:PW:API_KEY), from stdin with --credentials -, from the demo customer of `apigw dev`,\nor from a prompt. A test key sends to the test environment.'
  static override examples = [
    '<%= config.bin %> send --to 010-1234-5678 --text "Hello"',
    'pass show acme | <%= config.bin %> send --credentials - --to 010-1234-5678 --text "Hello" --idempotency-key order-17',
  ]
  static override flags = {
    to: Flags.string({ required: true, env: 'APIGW_TO', helpValue: 'NUMBER', summary: 'recipient number, E.164 or Korean' }),
    from: Flags.string({ default: '1588-1234', env: 'APIGW_FROM', helpValue: 'NUMBER', summary: 'sender number' }),
    text: Flags.string({ required: true, env: 'APIGW_TEXT', summary: 'message text' }),
    subject: Flags.string({ env: 'APIGW_SUBJECT', summary: 'subject, for LMS' }),
    ref: Flags.string({ env: 'APIGW_REF', summary: 'your reference for the message' }),
    callback: Flags.string({ env: 'APIGW_CALLBACK', helpValue: 'URL', summary: 'URL for the events of this message' }),
    'idempotency-key': Flags.string({
      env: 'APIGW_IDEMPOTENCY_KEY',
      helpValue: 'KEY',
      summary: 'idempotency key: repeating a call with the same key never sends twice',
    }),
    credentials: Flags.string({ env: 'APIGW_CREDENTIALS_FROM', helpValue: '-', summary: '"-" reads ID:PW:API_KEY from stdin' }),
    scheme: Flags.option({ options: schemes, default: 'basic', env: 'APIGW_SCHEME', summary: 'authentication scheme' })(),
    env: shared.env({ summary: 'environment (default: that of the key)' }),
    gateway: shared.gateway,
  }

  async run() {
    const { flags } = await this.parse(Send)
    const { gateway } = this.settings({ ...flags, gateway: flags.gateway?.href })
    const credentials = await findCredentials({
      flag: flags.credentials,
      env: process.env,
      cwd: process.cwd(),
      gateway,
      interactive: this.interactive,
    })
    const { to, from, text, subject, ref, callback } = flags
    const optional = {
      ...(subject !== undefined && { subject }),
      ...(ref !== undefined && { ref }),
      ...(callback !== undefined && { callback }),
    }
    const sent = await sendMessage({
      gateway,
      credentials,
      scheme: flags.scheme,
      environment: flags.env,
      idempotencyKey: flags['idempotency-key'],
      message: { to, from, text, ...optional },
    })
    const left = Object.entries(sent.remaining).map(([name, value]) => `${name} ${value}`)
    this.log(`${sent.id} ${sent.status}${sent.replayed ? ' (replayed; not sent again)' : ''}`)
    const { fallback: _ofAlimtalk, ...changed } = sent.normalized ?? {}
    for (const [field, now] of Object.entries(changed)) this.note(`The ${field} is sent as: ${plain(now)}`)
    if (left.length > 0) this.note(`Left: ${left.join(', ')}`)
    return sent
  }
}

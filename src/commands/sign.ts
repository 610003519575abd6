import { readFileSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../cli/base.ts'
import { findCredentials } from '../cli/credentials.ts'
import { parseCredentials, signInHeaders } from '../client/index.ts'
import { schemes } from '../domain/credential.ts'
import { Problem } from '../domain/problem.ts'

export default class Sign extends BaseCommand {
  static override summary = 'print the headers that sign a request in'
  static override description =
    'One header a line, as curl takes them with -H @FILE. hmac signs method, address and body (RFC 9421) and is good for one call\nwithin five minutes. Credentials come from where `apigw send` finds them.'
  static override examples = [
    '<%= config.bin %> sign https://api.example.com/v1.0/quota --method GET',
    '<%= config.bin %> sign https://api.example.com/v1.0/messages --body message.json --json',
  ]
  static override args = { url: Args.string({ required: true, description: 'the whole address of the call' }) }
  static override flags = {
    method: Flags.string({ default: 'POST', env: 'APIGW_METHOD', summary: 'of the call' }),
    body: Flags.string({ env: 'APIGW_BODY', helpValue: 'FILE|-', summary: 'what the call sends; -: stdin' }),
    scheme: Flags.option({ options: schemes, default: 'hmac', env: 'APIGW_SCHEME', summary: 'how to sign in' })(),
    credentials: Flags.string({ env: 'APIGW_CREDENTIALS_FROM', helpValue: '-', summary: '"-": read ID:PW:API_KEY from stdin' }),
  }

  async run() {
    const { args, flags } = await this.parse(Sign)
    if (!URL.canParse(args.url)) throw new Problem('input-invalid', `"${args.url}" is not an absolute address.`)
    if (flags.body === '-' && flags.credentials === '-') {
      throw new Problem('input-invalid', 'Body and credentials cannot both come from stdin.', { next: 'set APIGW_CREDENTIALS' })
    }
    const url = new URL(args.url)
    const credentials = await findCredentials({
      flag: flags.credentials,
      env: process.env,
      cwd: process.cwd(),
      gateway: url.origin,
      interactive: this.interactive,
    })
    const body = await bodyFrom(flags.body)
    const headers = await signInHeaders(flags.scheme, parseCredentials(credentials), {
      method: flags.method.toUpperCase(),
      url,
      body,
    })
    for (const [name, value] of Object.entries(headers)) this.log(`${name}: ${value}`)
    return { method: flags.method.toUpperCase(), url: url.href, headers }
  }
}

/** As bytes: what curl sends need not be text. */
async function bodyFrom(path: string | undefined): Promise<Uint8Array> {
  if (path === undefined) return Buffer.alloc(0)
  if (path === '-') return buffer(process.stdin)
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new Problem('input-invalid', `The body ${path} cannot be read.`, { cause })
  }
}

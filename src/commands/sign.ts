import { readFileSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../cli/base.ts'
import { findCredentials } from '../cli/credentials.ts'
import { parseCredentials, signInHeaders } from '../client/index.ts'
import { schemes } from '../domain/credential.ts'
import { Problem } from '../domain/problem.ts'

export default class Sign extends BaseCommand {
  static override summary = 'print the headers that authenticate a request'
  static override description =
    'Prints one header per line, for curl -H @FILE. hmac signs the method, URL and body (RFC 9421) and is valid for one call within\nfive minutes. Reads credentials from the same sources as `apigw send`.'
  static override examples = [
    '<%= config.bin %> sign https://api.example.com/v1.0/quota --method GET',
    '<%= config.bin %> sign https://api.example.com/v1.0/messages --body message.json --json',
  ]
  static override args = { url: Args.string({ required: true, description: 'full URL of the request' }) }
  static override flags = {
    method: Flags.string({ default: 'POST', env: 'APIGW_METHOD', summary: 'HTTP method' }),
    body: Flags.string({ env: 'APIGW_BODY', helpValue: 'FILE|-', summary: 'request body; - for stdin' }),
    scheme: Flags.option({ options: schemes, default: 'hmac', env: 'APIGW_SCHEME', summary: 'authentication scheme' })(),
    credentials: Flags.string({ env: 'APIGW_CREDENTIALS_FROM', helpValue: '-', summary: '"-" reads ID:PW:API_KEY from stdin' }),
  }

  async run() {
    const { args, flags } = await this.parse(Sign)
    if (!URL.canParse(args.url)) throw new Problem('input-invalid', `"${args.url}" is not an absolute URL.`)
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

/** Reads bytes, because a request body need not be text. */
async function bodyFrom(path: string | undefined): Promise<Uint8Array> {
  if (path === undefined) return Buffer.alloc(0)
  if (path === '-') return buffer(process.stdin)
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new Problem('input-invalid', `Cannot read the body from ${path}.`, { cause })
  }
}

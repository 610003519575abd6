import { Args, Flags } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { duration } from '../../cli/instant.ts'
import { iso } from '../../cli/output.ts'
import { rotateKey } from '../../operations/customers/index.ts'
import { issuedJson, issuedText } from '../../presenters/render.ts'

export default class KeyRotate extends BaseCommand {
  static override summary = 'replace a key by a new one; both work for a while'
  static override description =
    'The new key has the scheme, environment, address ranges and end of the old one. The old one ends after --overlap, or at its own\nend if that is sooner: rotating never lengthens a validity.'
  static override examples = [
    '<%= config.bin %> key rotate acme ak_live_7M2V0Q8R4C6D9E1F3G5H',
    '<%= config.bin %> key rotate acme ak_live_7M2V0Q8R4C6D9E1F3G5H --overlap 0m',
  ]
  static override args = {
    customer: Args.string({ required: true, description: 'whose key' }),
    key: Args.string({ required: true, description: 'the key id (API_KEY)' }),
  }
  static override flags = {
    overlap: Flags.string({
      default: '24h',
      env: 'APIGW_OVERLAP',
      helpValue: 'SPAN',
      summary: 'how long the old key still works: 7d, 24h, 30m',
    }),
    'dry-run': shared.dryRun,
  }

  async run() {
    const { args, flags } = await this.parse(KeyRotate)
    const overlap = duration(flags.overlap)
    return this.withContext(flags, async (context) => {
      const { issued, old } = await rotateKey(context, args.customer, args.key, overlap)
      const dryRun = flags['dry-run']
      this.log(issuedText(issued, dryRun))
      this.note(`${old.keyId} works until ${iso(old.expiresAt)}. Sooner: apigw key revoke ${args.customer} ${old.keyId}`)
      return {
        customer: args.customer,
        ...issuedJson(issued, issued.credential.createdAt, dryRun),
        replaces: { keyId: old.keyId, expiresAt: iso(old.expiresAt) },
        dryRun,
      }
    })
  }
}

import { Args, Flags } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { duration } from '../../cli/instant.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { rotateKey } from '../../operations/customers/index.ts'
import { iso } from '../../presenters/output.ts'
import { issuedJson, issuedText } from '../../presenters/render.ts'

export default class KeyRotate extends BaseCommand {
  static override summary = 'replace a key with a new one; both work for a while'
  static override description =
    'The new key has the scheme, environment, address ranges and expiry of the old one. The old key expires after --overlap, or at its\nown expiry if that is sooner.'
  static override examples = [
    '<%= config.bin %> key rotate acme ak_live_7M2V0Q8R4C6D9E1F3G5H',
    '<%= config.bin %> key rotate acme ak_live_7M2V0Q8R4C6D9E1F3G5H --overlap 0m',
  ]
  static override args = {
    customer: Args.string({ required: true, description: 'customer id' }),
    key: Args.string({ required: true, description: 'key id (API_KEY)' }),
  }
  static override flags = {
    overlap: Flags.string({
      default: '24h',
      env: 'APIGW_OVERLAP',
      helpValue: 'SPAN',
      summary: 'how long the old key stays valid: 7d, 24h, 30m',
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
      this.note(
        step`${old.keyId} works until ${iso(old.expiresAt) ?? 'it is revoked'}. To end it sooner: ${apigw('key revoke', args.customer, old.keyId)}`,
      )
      return {
        customer: args.customer,
        ...issuedJson(issued, issued.credential.createdAt, dryRun),
        replaces: { keyId: old.keyId, expiresAt: iso(old.expiresAt) },
        dryRun,
      }
    })
  }
}

import { Args } from '@oclif/core'
import { shared } from '../../cli/base.ts'
import { confirm } from '../../cli/confirm.ts'
import { LedgerCommand, recipient } from '../../cli/ledger-command.ts'
import { maskedNumber } from '../../domain/masked.ts'
import { hashedNumbers } from '../../operations/messages/index.ts'
import { loadMasterKeys } from '../../registry/index.ts'

export default class SuppressionRemove extends LedgerCommand {
  static override summary = 'remove an opt-out, because the recipient has consented again'
  static override description =
    'From then on the customer can send advertising to this recipient again. Keep the proof of consent: without it, advertising is against the law in many countries.'
  static override examples = ['<%= config.bin %> suppression remove acme 010-1234-5678 --yes']
  static override args = {
    customer: Args.string({ required: true, description: 'customer id' }),
    number: Args.string({ required: true, description: 'recipient number, E.164 or Korean' }),
  }
  static override flags = { env: shared.env({ default: 'live' }), yes: shared.yes, 'dry-run': shared.dryRun }

  async run() {
    const { args, flags } = await this.parse(SuppressionRemove)
    const { yes, 'dry-run': dryRun } = flags
    const number = recipient(args.number)
    const masterKeys = await loadMasterKeys(this.settings(flags).masterKey)
    return this.withCustomerLedger(args.customer, flags, async (ledger, owner) => {
      const hashed = masterKeys && hashedNumbers(owner, masterKeys)
      const shown = maskedNumber(number)
      const present = (await ledger.suppressed(owner, [number], undefined, hashed)).has(number)
      if (present && !dryRun) {
        const question = `Allow ${args.customer} to send advertising to ${shown} again?`
        await confirm(question, { yes, interactive: this.interactive })
        await ledger.unsuppress(owner, [number], undefined, hashed)
      }
      const verb = dryRun ? 'Would remove' : 'Removed'
      this.log(present ? `${verb} the opt-out of ${shown}.` : `${shown} has not opted out.`)
      return { ...owner, number: shown, removed: present && !dryRun, present, dryRun }
    })
  }
}

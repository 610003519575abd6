import { Args, Flags } from '@oclif/core'
import { shared } from '../../cli/base.ts'
import { LedgerCommand, recipient } from '../../cli/ledger-command.ts'
import { maskedNumber } from '../../domain/masked.ts'
import { Problem } from '../../domain/problem.ts'
import { maxNote, maxSource } from '../../operations/suppressions/index.ts'

/** @throws Problem `input-invalid` */
function checkLength(name: string, text: string | undefined, most: number): void {
  if (text !== undefined && (text === '' || text.length > most)) {
    throw new Problem('input-invalid', `--${name} has to have 1 to ${most} characters.`)
  }
}

export default class SuppressionAdd extends LedgerCommand {
  static override summary = 'add a recipient who has opted out of advertising'
  static override description =
    'From then on the customer sends this recipient no message of the purpose "ad". Repeating the command changes nothing: the first date, source and note stay. An opt-out never expires.'
  static override examples = [
    '<%= config.bin %> suppression add acme 010-1234-5678',
    '<%= config.bin %> suppression add acme +821012345678 --source "080-123-4567" --note "called on Monday"',
  ]
  static override args = {
    customer: Args.string({ required: true, description: 'customer id' }),
    number: Args.string({ required: true, description: 'recipient number, E.164 or Korean' }),
  }
  static override flags = {
    env: shared.env({ default: 'live' }),
    source: Flags.string({ env: 'APIGW_SOURCE', summary: 'where the recipient opted out' }),
    note: Flags.string({ env: 'APIGW_NOTE', summary: 'note that is kept with the opt-out' }),
    'dry-run': shared.dryRun,
  }

  async run() {
    const { args, flags } = await this.parse(SuppressionAdd)
    const { source, note, 'dry-run': dryRun } = flags
    const number = recipient(args.number)
    checkLength('source', source, maxSource)
    checkLength('note', note, maxNote)
    return this.withCustomerLedger(args.customer, flags, async (ledger, owner) => {
      const entry = { number, at: Date.now(), ...(source !== undefined && { source }), ...(note !== undefined && { note }) }
      const added = dryRun
        ? !(await ledger.suppressed(owner, [number])).has(number)
        : (await ledger.suppress(owner, [entry])).has(number)
      const verb = dryRun ? 'Would add' : 'Added'
      this.log(added ? `${verb} ${maskedNumber(number)}.` : `${maskedNumber(number)} has already opted out.`)
      return { ...owner, number: maskedNumber(number), added, dryRun }
    })
  }
}

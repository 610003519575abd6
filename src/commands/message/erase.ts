import { Flags } from '@oclif/core'
import { shared } from '../../cli/base.ts'
import { confirm } from '../../cli/confirm.ts'
import { carriersOf, databaseFlags, reachableDatabase } from '../../cli/database.ts'
import { LedgerCommand, recipient } from '../../cli/ledger-command.ts'
import { maskedNumber } from '../../domain/masked.ts'
import { quantity } from '../../domain/quantity.ts'
import { type ErasureContext, erasePerson, planErasure } from '../../operations/messages/index.ts'
import { withLedger } from '../../operations/reports/index.ts'
import { withDatabase } from '../../operations/schema/index.ts'
import { erasedText, outOfReach, plannedText } from '../../presenters/erasure.ts'
import { iso } from '../../presenters/output.ts'

export default class MessageErase extends LedgerCommand {
  static override summary = 'erase what is kept of a person: number, texts, and what messages are found by'
  static override description = [
    'Of all customers, or of one. Counts, states and units of the messages stay. An opt-out stays as a hash, so that the person gets',
    'no advertising again. Messages under way are sent, and erased after they have settled. Without a database here, the worker erases',
    'the tables of carriers within minutes. Run it again to see how far it is, or to include what was accepted since.',
  ].join(' ')
  static override examples = [
    '<%= config.bin %> message erase --to 010-1234-5678 --reason "ticket 4711" --dry-run',
    '<%= config.bin %> message erase --to +821012345678 --customer acme --reason "ticket 4711" --yes --json',
  ]
  static override flags = {
    to: Flags.string({ required: true, env: 'APIGW_TO', helpValue: 'NUMBER', summary: 'number of the person, E.164 or Korean' }),
    customer: Flags.string({ env: 'APIGW_CUSTOMER', summary: 'only messages of this customer (default: of all)' }),
    reason: Flags.string({
      required: true,
      env: 'APIGW_REASON',
      helpValue: 'TEXT',
      summary: 'why, for the audit log, such as a ticket number',
    }),
    'cancel-scheduled': Flags.boolean({
      default: false,
      env: 'APIGW_CANCEL_SCHEDULED',
      summary: 'cancel messages that are held for their time (default: they are sent, and then erased)',
    }),
    ...databaseFlags,
    yes: shared.yes,
    'dry-run': shared.dryRun,
  }

  async run() {
    const { flags } = await this.parse(MessageErase)
    const number = recipient(flags.to)
    const { customer, reason, 'cancel-scheduled': cancelScheduled, 'dry-run': dryRun } = flags
    const wish = { number, customer, reason, cancelScheduled }
    const shown = maskedNumber(number)
    const place = reachableDatabase(flags.database, this.argv)
    const carriers = carriersOf(flags.carriers)
    return this.withContext(flags, ({ registry, actor, masterKeys }) =>
      withLedger(this.settings(flags).ledger, (ledger) =>
        withDatabase(place, async (database) => {
          const context: ErasureContext = { registry, actor, ledger, masterKeys: await masterKeys?.(), database, carriers }
          const plan = await planErasure(context, wish, Date.now())
          this.log(plannedText(shown, plan))
          if (dryRun) return { to: shown, customer: customer ?? null, dryRun, plan, remains: outOfReach }
          const whose = customer === undefined ? quantity(plan.customers, 'customer') : customer
          const question = `Erase what is kept of ${shown} (${whose})? Permanent.`
          await confirm(question, { yes: flags.yes, interactive: this.interactive })
          const { watchedUntil, ...result } = await erasePerson(context, wish, Date.now)
          this.log(erasedText({ watchedUntil, ...result }))
          for (const { place: where, how } of outOfReach) this.note(`Not reached: ${where}. ${how}`)
          return {
            to: shown,
            customer: customer ?? null,
            dryRun,
            ...result,
            watchedUntil: iso(watchedUntil),
            remains: outOfReach,
          }
        }),
      ),
    )
  }
}

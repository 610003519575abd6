import { Flags } from '@oclif/core'
import type { Environment } from '../domain/names.ts'
import { phoneNumber } from '../domain/phone.ts'
import { Problem } from '../domain/problem.ts'
import { noteReading, storedProfile } from '../operations/customers/index.ts'
import { type Ledger, type Owner, withLedger } from '../operations/reports/index.ts'
import type { Profile } from '../registry/index.ts'
import { BaseCommand } from './base.ts'
import type { BaseFlags } from './settings.ts'

/** A recipient as it was typed. @throws Problem `input-invalid` */
export function recipient(text: string): string {
  const number = phoneNumber(text, 'recipient')
  if (number !== undefined) return number
  throw new Problem('input-invalid', `"${text}" is not a telephone number.`, {
    next: 'use E.164 (+821012345678) or a Korean number (010-1234-5678)',
  })
}

/** Why whole numbers are read, for `showNumbers`. */
export const reasonFlag = Flags.string({
  env: 'APIGW_REASON',
  helpValue: 'TEXT',
  summary: 'why whole numbers are read, for the audit log, such as a ticket number',
})

/** A command about what the ledger has of one customer. */
export abstract class LedgerCommand extends BaseCommand {
  // oclif reads it from the direct parent class only.
  static override enableJsonFlag = true

  /**
   * Opens the ledger for a customer who exists: a slip in the id must not read as a customer without messages.
   * @throws Problem `customer-unknown`
   */
  protected async withCustomerLedger<T>(
    customer: string,
    flags: BaseFlags & { readonly env: Environment },
    work: (ledger: Ledger, owner: Owner, profile: Profile) => Promise<T>,
  ): Promise<T> {
    const { profile } = await this.withRegistry(flags, (registry) => storedProfile(registry, customer))
    const owner = { customer, environment: flags.env }
    return withLedger(this.settings(flags).ledger, (ledger) => work(ledger, owner, profile))
  }

  /**
   * Notes in the customer's audit log why whole numbers are shown. Without the note they are not.
   * @throws Problem `input-missing`, `input-invalid`, `customer-unknown`, `registry-unavailable`
   */
  protected async showNumbers(
    customer: string,
    flags: BaseFlags & { readonly env: Environment; readonly reason?: string | undefined },
  ): Promise<void> {
    const { env, reason } = flags
    if (reason === undefined) {
      throw new Problem('input-missing', 'Whole telephone numbers need a reason, which the audit log keeps.', {
        next: 'add --reason TEXT, such as the number of a ticket',
      })
    }
    await this.withContext(flags, (context) => noteReading(context, customer, env, reason))
  }
}

import { Args, Flags } from '@oclif/core'
import { shared } from '../../cli/base.ts'
import { LedgerCommand, recipient } from '../../cli/ledger-command.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { searchOf, statuses } from '../../operations/messages/index.ts'
import { iso, table } from '../../presenters/output.ts'
import { loadMasterKeys } from '../../registry/index.ts'

export default class MessageFind extends LedgerCommand {
  static override summary = 'find messages of a customer by ref, recipient or day, newest first'
  static override description =
    'At least one of --ref, --to and --day is required. A search by recipient needs the master key, because the ledger has only hashes of telephone numbers. Messages are found after a worker has written them, for 30 days.'
  static override examples = [
    '<%= config.bin %> message find acme --ref order-17',
    '<%= config.bin %> message find acme --to 010-1234-5678 --day 2026-11-23',
    '<%= config.bin %> message find acme --day 2026-11-23 --status failed --json',
  ]
  static override args = { customer: Args.string({ required: true, description: 'customer id' }) }
  static override flags = {
    env: shared.env({ default: 'live' }),
    ref: Flags.string({ env: 'APIGW_REF', summary: "the customer's own reference" }),
    to: Flags.string({ env: 'APIGW_TO', helpValue: 'NUMBER', summary: 'recipient number, E.164 or Korean' }),
    day: Flags.string({ env: 'APIGW_DAY', helpValue: 'DATE', summary: "day of acceptance in the customer's time zone" }),
    status: Flags.option({ options: statuses, env: 'APIGW_STATUS', summary: 'only messages that have this status now' })(),
    cursor: Flags.string({ env: 'APIGW_CURSOR', summary: 'resume from this cursor (default: the newest message)' }),
    limit: Flags.integer({ default: 50, min: 1, max: 100, env: 'APIGW_LIMIT', summary: 'maximum number of messages' }),
  }

  async run() {
    const { args, flags } = await this.parse(MessageFind)
    const { ref, day, status, cursor, limit } = flags
    const to = flags.to === undefined ? undefined : recipient(flags.to)
    const masterKeys = to === undefined ? undefined : await loadMasterKeys(this.settings(flags).masterKey)
    return this.withCustomerLedger(args.customer, flags, async (ledger, owner, { customer: { timeZone } }) => {
      const query = searchOf(owner, timeZone, { ref, to, day, status }, masterKeys)
      const page = await ledger.find(owner, query, cursor, limit)
      const messages = page.messages.map(({ id, status: standing, code, ref: name, at }) => ({
        id,
        ref: name ?? null,
        status: standing,
        code: code ?? null,
        at: iso(at),
      }))
      if (messages.length === 0) this.note(page.cursor === undefined ? 'No messages.' : 'No messages on this page.')
      else {
        const rows = messages.map(({ at, id, status: standing, code, ref: name }) => [
          at ?? '',
          id,
          standing,
          code ?? '',
          name ?? '',
        ])
        this.log(table(['since', 'message', 'status', 'code', 'ref'], rows))
      }
      if (page.cursor !== undefined) this.note(step`More: ${this.#more(page.cursor, args.customer, flags)}`)
      return { ...owner, messages, cursor: page.cursor ?? null }
    })
  }

  #more(cursor: string, customer: string, flags: Readonly<Record<string, unknown>>) {
    const repeated = ['env', 'ref', 'to', 'day', 'status'].flatMap((name) => {
      // What is printed ends up in logs.
      const value = name === 'to' && flags.to !== undefined ? 'NUMBER' : flags[name]
      return typeof value === 'string' ? [`--${name}`, value] : []
    })
    return apigw('message find', customer, ...repeated, '--cursor', cursor)
  }
}

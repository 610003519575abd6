import { quantity } from '../domain/quantity.ts'
import type { ErasurePlan, ErasureResult } from '../operations/messages/index.ts'
import { facts } from './output.ts'

/** What no command of apigw reaches, and how long it stays there. */
export const outOfReach = [
  { place: "the carrier's own systems", how: 'Ask the carrier.' },
  { place: "customers' own tables, and the journals of their agents", how: 'The customer erases them.' },
  {
    place: 'queues and their dead-letter queues',
    how: 'SQS keeps a message for up to 14 days; what comes from there is erased then.',
  },
  {
    place: 'backups',
    how: 'Restores to a point in time reach back 35 days for the ledger, and DatabaseBackupDays for the database; snapshots that you took stay. After a restore, run this again.',
  },
  { place: 'images', how: 'The bucket deletes them after MediaDays (60). Their names are erased here.' },
  { place: 'logs', how: 'They have no texts and no whole numbers. CloudWatch keeps them for LogDays.' },
] as const

/** What would be erased. */
export function plannedText(shown: string, { customers, messages, scheduled, underWay, optOuts, rows }: ErasurePlan): string {
  return facts([
    ['person', shown],
    ['customers', String(customers)],
    ['messages in the ledger', String(messages)],
    ['held for their time', String(scheduled)],
    ['with a carrier', String(underWay)],
    ['rows in tables', rows === undefined ? 'not reachable from here: the worker erases them' : String(rows)],
    ['opt-outs', optOuts === 0 ? '0' : `${optOuts}, kept as a hash`],
  ])
}

/** What was erased, and what is still to be done. */
export function erasedText(result: ErasureResult): string {
  const { state, messages, waiting, cancelled, optOuts, failures, watchedUntil, searched } = result
  const day = new Date(watchedUntil).toISOString().slice(0, 10)
  const open = searched
    ? `Open until ${day}, because a queue may still hold a message. The worker looks again; nothing else is to be done.`
    : 'The worker erases within minutes. Run the command again to see how far it is.'
  return [
    `Erased ${quantity(messages, 'message')} so far.`,
    ...(cancelled > 0 ? [`Cancelled ${quantity(cancelled, 'message')} that waited for their time.`] : []),
    ...(waiting > 0 ? [`${quantity(waiting, 'message')} under way: erased after they have settled.`] : []),
    ...(optOuts > 0 ? [`${quantity(optOuts, 'opt-out')} kept as a hash. Keep the master key as long as the opt-outs hold.`] : []),
    ...failures.map((failure) => `Not erased, and tried again: ${failure}`),
    state === 'done' ? 'Done.' : open,
  ].join('\n')
}

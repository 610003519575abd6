import { type EntryKind, entryKinds } from '../registry/index.ts'
import { count, facts } from './output.ts'

const names: Readonly<Record<EntryKind, string>> = {
  profile: 'customers',
  retired: 'removed customers',
  document: 'shared documents',
  history: 'audit log lines',
  books: 'books (usage and open calls)',
  counts: 'hours of usage',
  answer: 'answers to Idempotency-Keys',
  message: 'messages with keys',
  returned: 'messages whose units were given back',
  released: 'messages whose units a settlement gave back',
  nonce: 'nonces',
}

/** What a registry keeps, by kind. */
export function countsText(counts: Readonly<Record<EntryKind, number>>): string {
  return facts(entryKinds.map((kind) => [names[kind], count(counts[kind])]))
}

import { randomId } from '../../domain/ids.ts'
import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { frozenDocument, frozenProblem } from '../frozen.ts'
import type { HistoryEntry } from '../registry.ts'
import { historyEntryFrom } from '../stored.ts'
import { historyPartition, keys, listPartition, packed } from './items.ts'
import { Deadline, type Item, type Key, number, type Table, text } from './table.ts'

/** A change takes up to five requests, and its caller is an operator. */
export const changeMs = 5_000

/** What a document becomes. */
export interface Content {
  /** Absent: the document is removed. */
  readonly document?: string
  /** Attributes besides. */
  readonly more?: Item
}

/** Microseconds since 1970, and in one process never the same twice. */
let lastStamp = 0
export function nextStamp(after: number): number {
  lastStamp = Math.max(lastStamp + 1, after + 1, Date.now() * 1000)
  return lastStamp
}

/** 17 digits, so that stamps sort as texts. */
export function stampText(stamp: number): string {
  return String(stamp).padStart(17, '0')
}

/** A line of the audit log with its place in it. */
export interface Line {
  readonly stamp: string
  readonly entry: HistoryEntry
}

/** The line of the last change, which is stored with the document that it changed. */
export function lastLine(item: Item | undefined): Line | undefined {
  const entry = text(item, 'entry')
  return entry === undefined ? undefined : { stamp: lineKey(item), entry: historyEntryFrom(entry) }
}

function lineKey(item: Item | undefined): string {
  return `${stampText(number(item, 'stamp') ?? 0)}#${text(item, 'pk') ?? ''}`
}

/** The line in the log of its customer, and in the log of all. */
export function lineItems({ stamp, entry }: Line): Item[] {
  const doc = { S: JSON.stringify(entry) }
  return [historyPartition(entry.customer), historyPartition(undefined)].map((pk) => ({ pk: { S: pk }, sk: { S: stamp }, doc }))
}

/** The line of a document in the list of all. */
export function listItem(kind: 'customer' | 'document', name: string): Item {
  return { pk: { S: listPartition }, sk: { S: `${kind}#${name}` } }
}

/**
 * Adds a document to the list, before it is written: one that was not listed could not be found again.
 * @throws Problem `registry-frozen`. A freeze writes its document and then reads the list: whichever comes second sees the other
 */
export async function list(table: Table, kind: 'customer' | 'document', name: string, deadline: Deadline): Promise<void> {
  await table.putAll([listItem(kind, name)], deadline)
  const [frozen] = await table.get([keys.document(frozenDocument)], deadline)
  if (frozen !== undefined) throw frozenProblem()
}

/**
 * Replaces or removes a document if it has the expected version. Its line of the audit log is written in the same item, so the
 * change and its line are made together, and is copied to the log afterwards. If that fails, the log is read with the line
 * from the document, and the next change copies it.
 *
 * @param current the item as it was read; its version is the expected one
 * @returns false if it was changed in the meantime
 */
export async function replaceDocument(
  table: Table,
  key: Key,
  current: Item | undefined,
  content: Content,
  entry: HistoryEntry | undefined,
  deadline = new Deadline(changeMs),
): Promise<boolean> {
  if (text(current, 'frozen') !== undefined) throw frozenProblem()
  const before = lastLine(current)
  if (before !== undefined) await table.putAll(lineItems(before), deadline)
  const stamp = number(current, 'stamp')
  const version = randomId()
  const item: Item = {
    pk: { S: key.pk },
    sk: { S: key.sk },
    stamp: { N: String(nextStamp(stamp ?? 0)) },
    write: { S: version },
    ...(content.document !== undefined && { version: { S: version }, ...packedDocument(content.document) }),
    ...(entry !== undefined && { entry: { S: JSON.stringify(entry) } }),
    ...content.more,
  }
  const condition =
    stamp === undefined
      ? { expression: 'attribute_not_exists(pk)' }
      : { expression: 'stamp = :stamp', values: { ':stamp': { N: String(stamp) } } }
  const wasWritten = async (): Promise<boolean> => text((await table.get([key], deadline))[0], 'write') === version
  if ((await table.putIf(item, condition, wasWritten, deadline)) === 'lost') return false
  const line = lastLine(item)
  if (line !== undefined) await table.putAll(lineItems(line), new Deadline()).catch(() => undefined)
  return true
}

export function packedDocument(document: string): Item {
  const attributes = packed(document)
  if (attributes !== undefined) return attributes
  throw new Problem('input-invalid', 'The document is too long: an item of DynamoDB has at most 400 KB.', {
    next: apigw('key list', 'CUSTOMER'),
  })
}

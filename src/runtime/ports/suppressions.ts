import { Problem } from '../../domain/problem.ts'
import { type Item, number, type Table, text } from './dynamodb.ts'
import type { Owner } from './ledger.ts'
import type { ReadBudget } from './read-budget.ts'

/** Maximum length of the source and of the note of an opt-out: a page of 500 stays far below the 1 MB of a Query. */
export const maxSource = 64
export const maxNote = 200

/** A recipient who has opted out of a customer's advertising. It never expires. */
export interface Suppression {
  /** E.164, as `phoneNumber` gives it. */
  readonly number: string
  /** Milliseconds since 1970: since when. */
  readonly at: number
  /** Where the opt-out came from, in the customer's words. */
  readonly source?: string
  readonly note?: string
}

export interface SuppressionPage {
  /** By number. */
  readonly suppressions: readonly Suppression[]
  /** Where the next page begins; absent: there is none. */
  readonly cursor?: string
}

const cursorPattern = /^s1\.(\+\d{1,15})$/

function written(number: string): string {
  return Buffer.from(`s1.${number}`).toString('base64url')
}

/**
 * @param cursor the gateway appends its own part after a full stop, and has checked it
 * @returns the last number of the page before
 * @throws Problem `cursor-invalid`
 */
function read(cursor: string): string {
  const [ours = ''] = cursor.split('.', 1)
  const last = cursorPattern.exec(Buffer.from(ours, 'base64url').toString())?.[1]
  if (last !== undefined) return last
  throw new Problem('cursor-invalid', 'The cursor is not one of a list of opt-outs. Leave it out to begin with the first number.')
}

/** The opt-outs of each owner: a partition with the number as its sort key, so that a number is a read and a list a query. */
export class Suppressions {
  readonly #table: Table

  constructor(table: Table) {
    this.#table = table
  }

  /** Which of these numbers have opted out. @param numbers E.164 */
  async among(owner: Owner, numbers: readonly string[], budget: ReadBudget): Promise<ReadonlySet<string>> {
    const pk = partition(owner)
    const items = await this.#table.get(
      [...new Set(numbers)].map((sk) => ({ pk, sk })),
      budget,
    )
    return new Set(items.flatMap((item) => text(item, 'sk') ?? []))
  }

  /** Adds those that are not there yet. @returns their numbers */
  async add(owner: Owner, suppressions: readonly Suppression[], budget: ReadBudget): Promise<ReadonlySet<string>> {
    // The first of two rows with the same number counts: DynamoDB refuses a batch with two of them.
    const asked = new Map(suppressions.toReversed().map((one) => [one.number, one]))
    const present = await this.among(owner, [...asked.keys()], budget)
    const added = [...asked.values()].filter((one) => !present.has(one.number))
    await this.#table.put(added.map((one) => itemOf(owner, one)))
    return new Set(added.map((one) => one.number))
  }

  /** Removes those that are there. @returns their numbers */
  async remove(owner: Owner, numbers: readonly string[], budget: ReadBudget): Promise<ReadonlySet<string>> {
    const present = await this.among(owner, numbers, budget)
    await this.#table.remove([...present].map((sk) => ({ pk: partition(owner), sk })))
    return present
  }

  async page(owner: Owner, cursor: string | undefined, limit: number, budget: ReadBudget): Promise<SuppressionPage> {
    const after = cursor === undefined ? '+' : read(cursor)
    const items = await this.#table.query(partition(owner), after, limit + 1, { budget })
    const suppressions = items.slice(0, limit).flatMap(suppressionOf)
    const last = suppressions.at(-1)
    return { suppressions, ...(items.length > limit && last !== undefined && { cursor: written(last.number) }) }
  }
}

function partition({ customer, environment }: Owner): string {
  return `s#${customer}#${environment}`
}

function itemOf(owner: Owner, { number, at, source, note }: Suppression): Item {
  return {
    pk: { S: partition(owner) },
    sk: { S: number },
    at: { N: String(at) },
    ...(source !== undefined && { source: { S: source } }),
    ...(note !== undefined && { note: { S: note } }),
  }
}

function suppressionOf(item: Item): Suppression[] {
  const found = text(item, 'sk')
  if (found === undefined) return []
  const source = text(item, 'source')
  const note = text(item, 'note')
  return [
    {
      number: found,
      at: number(item, 'at') ?? 0,
      ...(source !== undefined && { source }),
      ...(note !== undefined && { note }),
    },
  ]
}

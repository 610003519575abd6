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

/** How opt-outs are found whose number was erased. */
export interface HashedNumbers {
  /** The hashes of a recipient (`recipientHash`), one for each master key that is at hand. */
  of(number: string): readonly string[]
  /** The ids of those master keys; absent: it is not checked whether some are missing. */
  readonly keyIds?: ReadonlySet<string>
}

/** Before every number, so that no list has them: the mark that there are hashes, and the hashes. */
const hashMark = '#'
const hashPrefix = '#h#'

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

  /**
   * Which of these numbers have opted out.
   * @param numbers E.164
   * @param hashed finds opt-outs whose number was erased, too
   * @throws Problem `master-key-missing` a hash was made with a master key that is not at hand: it must not read as no opt-out
   */
  async among(
    owner: Owner,
    numbers: readonly string[],
    budget: ReadBudget,
    hashed?: HashedNumbers,
  ): Promise<ReadonlySet<string>> {
    const pk = partition(owner)
    const keys = [...(hashed === undefined ? [] : [hashMark]), ...new Set(numbers)].map((sk) => ({ pk, sk }))
    const items = await this.#table.get(keys, budget)
    const mark = items.find((item) => text(item, 'sk') === hashMark)
    const found = new Set(items.flatMap((item) => text(item, 'sk') ?? []))
    found.delete(hashMark)
    if (hashed === undefined || mark === undefined) return found
    checkKeys(mark, hashed)
    const open = numbers.filter((one) => !found.has(one))
    const byHash = new Map(open.flatMap((one) => hashed.of(one).map((hash): [string, string] => [`${hashPrefix}${hash}`, one])))
    const erased = await this.#table.get(
      [...byHash.keys()].map((sk) => ({ pk, sk })),
      budget,
    )
    for (const item of erased) found.add(byHash.get(text(item, 'sk') ?? '') ?? '')
    return found
  }

  /**
   * Replaces the number of an opt-out by its hashes. The hashes come first, so that it holds at every moment.
   * @returns whether there was one with a number
   */
  async erase(owner: Owner, number: string, hashed: Required<HashedNumbers>, budget: ReadBudget): Promise<boolean> {
    const pk = partition(owner)
    const items = await this.#table.get(
      [number, hashMark].map((sk) => ({ pk, sk })),
      budget,
    )
    const optOut = items.find((item) => text(item, 'sk') === number)
    if (optOut === undefined) return false
    const mark = items.find((item) => text(item, 'sk') === hashMark)
    const keyIds = new Set([...keyIdsOf(mark), ...hashed.keyIds])
    const at = optOut.at ?? { N: '0' }
    await this.#table.put([
      { pk: { S: pk }, sk: { S: hashMark }, keys: { S: [...keyIds].sort().join(' ') } },
      ...hashed.of(number).map((hash): Item => ({ pk: { S: pk }, sk: { S: `${hashPrefix}${hash}` }, at })),
    ])
    await this.#table.remove([{ pk, sk: number }])
    return true
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
  async remove(
    owner: Owner,
    numbers: readonly string[],
    budget: ReadBudget,
    hashed?: HashedNumbers,
  ): Promise<ReadonlySet<string>> {
    const present = await this.among(owner, numbers, budget, hashed)
    const names = [...present].flatMap((one) => [one, ...(hashed?.of(one) ?? []).map((hash) => `${hashPrefix}${hash}`)])
    await this.#table.remove(names.map((sk) => ({ pk: partition(owner), sk })))
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

function keyIdsOf(mark: Item | undefined): string[] {
  return text(mark, 'keys')?.split(' ') ?? []
}

/** One of the keys that a hash was made with is enough, but which hash was made with which is not known. */
function checkKeys(mark: Item, { keyIds }: HashedNumbers): void {
  const lacking = keyIds === undefined ? [] : keyIdsOf(mark).filter((id) => !keyIds.has(id))
  if (lacking.length === 0) return
  throw new Problem(
    'master-key-missing',
    `Opt-outs of erased recipients are hashes under the master key ${lacking.join(', ')}, which is not here.`,
    { next: 'add that master key after the current one: APIGW_MASTER_KEY=NEW,OLD' },
  )
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

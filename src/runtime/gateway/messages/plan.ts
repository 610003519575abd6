import { type FieldError, type ProblemCode, problemTable } from '../../../domain/problem.ts'
import { isRecord } from '../../../domain/record.ts'
import { type AdNightRule, adNightRules } from '../../../domain/sending.ts'

/** Why a row of a call is not sent. */
export interface Rejection {
  readonly code: ProblemCode
  readonly detail: string
  readonly errors?: readonly FieldError[]
}

/**
 * What was decided about the rows of a call before anything was taken. It is stored with the call's Idempotency-Key:
 * the media, the clock and the rules of a later run must not decide otherwise.
 */
export interface Plan {
  /** In which form texts are sent: the charset and the table of replacements (`textRules`). */
  readonly texts: string
  /** Indexes of the rows that are sent, ascending. */
  readonly rows: readonly number[]
  /** All other rows, by index. */
  readonly rejected: ReadonlyMap<number, Rejection>
  readonly sending: PlannedSending
}

/** What the policy of the customer decided about the rows that are sent. */
export interface PlannedSending {
  /** The units of each row that has not one, by index. */
  readonly units: ReadonlyMap<number, number>
  /** When the rows that are held until the morning are sent, by index: milliseconds since 1970. */
  readonly heldUntil: ReadonlyMap<number, number>
  /** What happens to advertisements at night; absent: the call has none. */
  readonly adNight?: AdNightRule
  readonly originCode?: string
}

/** Decides nothing beyond what was before there were policies. */
export const plainSending: PlannedSending = { units: new Map(), heldUntil: new Map() }

/** A stored plan fits into this many characters; reasons that do not are given in the first answer only. */
const maxText = 8_192

const unkept: Rejection = {
  code: 'invalid-request',
  detail: 'The message was rejected when the call first ran. The first answer said why.',
}

/** One reason, for the rows that share it: their indexes, its code, its detail and its errors. */
type Group = readonly [string, string, string, (readonly (readonly [string, string])[])?]

function isPair(value: unknown): value is readonly [string, string] {
  return Array.isArray(value) && value.length === 2 && value.every((one) => typeof one === 'string')
}

function isGroup(value: unknown): value is Group {
  if (!Array.isArray(value)) return false
  const [indexes, code, detail, pairs] = value
  const isReason = [indexes, code, detail].every((one) => typeof one === 'string')
  return isReason && (pairs === undefined || (Array.isArray(pairs) && pairs.every(isPair)))
}

/** `0-4,6` for 0, 1, 2, 3, 4 and 6. */
export function rangesText(indexes: readonly number[]): string {
  const ranges: [number, number][] = []
  for (const index of indexes) {
    const last = ranges.at(-1)
    if (last !== undefined && last[1] === index - 1) last[1] = index
    else ranges.push([index, index])
  }
  return ranges.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(',')
}

/** The indexes of `rangesText`. */
export function rangesFrom(text: string): number[] {
  if (text === '') return []
  return text.split(',').flatMap((range) => {
    const [from = 0, to = from] = range.split('-').map(Number)
    return Array.from({ length: to - from + 1 }, (_, place) => from + place)
  })
}

/** Rows by what was decided about them: `[["0-4,7",3]]`. There are few different units and mornings, so this stays short. */
type Runs = readonly (readonly [string, number])[]

/** What a policy decided, as it is stored. A member that decides nothing is left out. */
interface StoredSending {
  readonly u?: Runs
  readonly h?: Runs
  readonly n?: AdNightRule
  readonly o?: string
}

function runsOf(values: ReadonlyMap<number, number>): Runs {
  const groups = Map.groupBy(values, ([, value]) => value)
  return [...groups].map(([value, members]) => [rangesText(members.map(([index]) => index)), value])
}

function runsFrom(value: unknown): ReadonlyMap<number, number> {
  const runs = Array.isArray(value) ? value : []
  return new Map(runs.flatMap(([ranges, one]) => rangesFrom(String(ranges)).map((index) => [index, Number(one)] as const)))
}

function storedSending({ units, heldUntil, adNight, originCode }: PlannedSending): StoredSending | undefined {
  const stored = {
    ...(units.size > 0 && { u: runsOf(units) }),
    ...(heldUntil.size > 0 && { h: runsOf(heldUntil) }),
    ...(adNight !== undefined && { n: adNight }),
    ...(originCode !== undefined && { o: originCode }),
  }
  return Object.keys(stored).length === 0 ? undefined : stored
}

/** @param parts those of a stored plan. One of an older version has no object among them. */
function sendingFrom(parts: readonly unknown[]): PlannedSending {
  const stored = parts.find(isRecord)
  if (stored === undefined) return plainSending
  const { u, h, n, o } = stored
  // A rule of a newer version is not known here: the strictest that sends the message is taken.
  const adNight = n === undefined ? undefined : (adNightRules.find((rule) => rule === n) ?? 'hold')
  return {
    units: runsFrom(u),
    heldUntil: runsFrom(h),
    ...(adNight !== undefined && { adNight }),
    ...(typeof o === 'string' && { originCode: o }),
  }
}

/** The rules of a plan that names none. */
const defaultTexts = 'euc-kr/1'

/**
 * A plan as it is stored: the rules of its texts, the ranges of its rows, what the policy decided about them, and the reasons of the
 * others while they fit.
 */
export function planText({ texts, rows, rejected, sending }: Plan): string {
  const groups = Map.groupBy(rejected, ([, { code, detail, errors = [] }]) => JSON.stringify([code, detail, errors]))
  const kept: Group[] = []
  let size = 0
  for (const members of groups.values()) {
    const [, { code, detail, errors = [] }] = members[0] as [number, Rejection]
    const indexes = rangesText(members.map(([index]) => index))
    const pairs = errors.map((error) => [error.pointer, error.detail] as const)
    const group: Group = errors.length === 0 ? [indexes, code, detail] : [indexes, code, detail, pairs]
    size += JSON.stringify(group).length
    if (size > maxText) break
    kept.push(group)
  }
  const ranges = rangesText(rows)
  const policy = storedSending(sending)
  const parts = policy === undefined ? kept : [policy, ...kept]
  const decided = parts.length === 0 ? ranges : JSON.stringify([ranges, ...parts])
  return texts === defaultTexts ? decided : `${texts} ${decided}`
}

function codeFrom(code: string): ProblemCode {
  return Object.hasOwn(problemTable, code) ? (code as ProblemCode) : 'invalid-request'
}

/** @param count how many rows the call has */
export function planFrom(text: string, count: number): Plan {
  const [, texts = defaultTexts, decided = ''] = /^(?:([a-z0-9-]+\/\d+) )?(.*)$/s.exec(text) ?? []
  const kept: unknown = decided.startsWith('[') ? JSON.parse(decided) : [decided]
  const [ranges = '', ...groups]: unknown[] = Array.isArray(kept) ? kept : []
  const rows = rangesFrom(String(ranges))
  const reasons = new Map<number, Rejection>()
  for (const [indexes, code, detail, pairs] of groups.filter(isGroup)) {
    const errors = pairs?.map(([pointer, about]) => ({ pointer, detail: about }))
    const rejection = { code: codeFrom(code), detail, ...(errors !== undefined && { errors }) }
    for (const index of rangesFrom(indexes)) reasons.set(index, rejection)
  }
  const sent = new Set(rows)
  const others = Array.from({ length: count }, (_, index) => index).filter((index) => !sent.has(index))
  const rejected = new Map(others.map((index) => [index, reasons.get(index) ?? unkept]))
  return { texts, rows, rejected, sending: sendingFrom(groups) }
}

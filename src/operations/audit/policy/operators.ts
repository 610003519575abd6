import { isIPv4 } from 'node:net'
import { addressKey, addressRange, inRanges } from '../../../domain/address.ts'
import { Problem } from '../../../domain/problem.ts'
import { arnMatches, literalMark, literalStar, matches } from './match.ts'

/**
 * Compares a request value with a policy value
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html).
 */
interface Operator {
  readonly test: (given: string, wanted: string) => boolean
  /** Whether every request value matches, so that the condition has no effect. */
  readonly always?: (wanted: readonly string[]) => boolean
  readonly negated?: boolean
}

/** Restores literal `*` and `?` for operators without wildcards. */
function plain(text: string): string {
  return text.replaceAll(literalStar, '*').replaceAll(literalMark, '?')
}

function lower(text: string): string {
  return text.toLowerCase()
}

function dateOf(text: string): number {
  return /^\d{9,}$/.test(text) ? Number(text) * 1_000 : Date.parse(text)
}

function inRange(given: string, wanted: string): boolean {
  const key = addressKey(given)
  try {
    return key !== undefined && inRanges(key, [addressRange(wanted)])
  } catch (error) {
    if (error instanceof Problem) return false
    throw error
  }
}

/** Whether the ranges cover every IPv4 address, as `0.0.0.0/1` and `128.0.0.0/1` do together. */
function everyAddress(ranges: readonly string[]): boolean {
  const spans = ranges.filter((text) => isIPv4(text.split('/')[0] ?? '')).flatMap((text) => spanOf(text))
  spans.sort((a, b) => Number(a.from - b.from))
  let next = 0n
  for (const { from, to } of spans) {
    if (from > next) return false
    if (to + 1n > next) next = to + 1n
  }
  return next > 0xff_ff_ff_ffn
}

const mapped = BigInt('0xffff00000000')

function spanOf(text: string): { from: bigint; to: bigint }[] {
  try {
    const { from, to } = addressRange(text)
    return [{ from: BigInt(`0x${from}`) - mapped, to: BigInt(`0x${to}`) - mapped }]
  } catch (error) {
    if (error instanceof Problem) return []
    throw error
  }
}

const numeric = (compare: (given: number, wanted: number) => boolean): Operator => ({
  test: (given, wanted) => compare(Number(given), Number(wanted)),
})
const dated = (compare: (given: number, wanted: number) => boolean): Operator => ({
  test: (given, wanted) => compare(dateOf(given), dateOf(wanted)),
})
const anyText = (wanted: readonly string[]): boolean => wanted.some((pattern) => /^\*+$/.test(pattern))
const like: Operator = { test: (given, wanted) => matches(wanted, given), always: anyText }
const arnLike: Operator = {
  test: (given, wanted) => arnMatches(wanted, given),
  always: (wanted) => wanted.some((pattern) => /^(?:\*+|arn(?::\*+)+)$/.test(pattern)),
}
const equals: Operator = { test: (given, wanted) => given === plain(wanted) }
const equalsAnyCase: Operator = { test: (given, wanted) => lower(given) === lower(plain(wanted)) }
const ipAddress: Operator = { test: inRange, always: everyAddress }
const negated = (operator: Operator): Operator => ({ ...operator, negated: true })

const operators: Readonly<Record<string, Operator>> = {
  stringequals: equals,
  stringnotequals: negated(equals),
  stringequalsignorecase: equalsAnyCase,
  stringnotequalsignorecase: negated(equalsAnyCase),
  stringlike: like,
  stringnotlike: negated(like),
  numericequals: numeric((a, b) => a === b),
  numericnotequals: negated(numeric((a, b) => a === b)),
  numericlessthan: numeric((a, b) => a < b),
  numericlessthanequals: numeric((a, b) => a <= b),
  numericgreaterthan: numeric((a, b) => a > b),
  numericgreaterthanequals: numeric((a, b) => a >= b),
  dateequals: dated((a, b) => a === b),
  datenotequals: negated(dated((a, b) => a === b)),
  datelessthan: dated((a, b) => a < b),
  datelessthanequals: dated((a, b) => a <= b),
  dategreaterthan: dated((a, b) => a > b),
  dategreaterthanequals: dated((a, b) => a >= b),
  bool: equalsAnyCase,
  binaryequals: equals,
  ipaddress: ipAddress,
  notipaddress: negated(ipAddress),
  arnequals: arnLike,
  arnlike: arnLike,
  arnnotequals: negated(arnLike),
  arnnotlike: negated(arnLike),
}

export interface ParsedOperator {
  readonly quantifier: 'all' | 'any' | undefined
  readonly ifExists: boolean
  /** Not set for `Null`, which only checks whether the key is present. */
  readonly operator: Operator | undefined
}

const parsed = new Map<string, ParsedOperator | undefined>()

/** Parses an operator such as `ForAllValues:StringLikeIfExists`. Returns `undefined` for an unknown operator. */
export function parseOperator(text: string): ParsedOperator | undefined {
  if (parsed.has(text)) return parsed.get(text)
  const [, quantifier, base = '', suffix] = /^(?:(forallvalues|foranyvalue):)?(.*?)(ifexists)?$/.exec(lower(text)) ?? []
  const operator = operators[base]
  const result: ParsedOperator | undefined =
    operator === undefined && base !== 'null'
      ? undefined
      : {
          quantifier: quantifier === undefined ? undefined : quantifier === 'forallvalues' ? 'all' : 'any',
          ifExists: suffix !== undefined,
          operator,
        }
  parsed.set(text, result)
  return result
}

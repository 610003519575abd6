import { isIPv4 } from 'node:net'
import { addressKey, addressRange, inRanges } from '../../domain/address.ts'
import { Problem } from '../../domain/problem.ts'
import { arnMatches, literalMark, literalStar, matches } from './match.ts'

/**
 * Compares a request value with a policy value
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html).
 */
interface Operator {
  readonly test: (actual: string, expected: string) => boolean
  /** Whether every request value matches, so that the condition has no effect. */
  readonly always?: (expected: readonly string[]) => boolean
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

function inRange(actual: string, expected: string): boolean {
  const key = addressKey(actual)
  try {
    return key !== undefined && inRanges(key, [addressRange(expected)])
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

const numeric = (compare: (actual: number, expected: number) => boolean): Operator => ({
  test: (actual, expected) => compare(Number(actual), Number(expected)),
})
const dated = (compare: (actual: number, expected: number) => boolean): Operator => ({
  test: (actual, expected) => compare(dateOf(actual), dateOf(expected)),
})
const anyText = (expected: readonly string[]): boolean => expected.some((pattern) => /^\*+$/.test(pattern))
const like: Operator = { test: (actual, expected) => matches(expected, actual), always: anyText }
const arnLike: Operator = {
  test: (actual, expected) => arnMatches(expected, actual),
  always: (expected) => expected.some((pattern) => /^(?:\*+|arn(?::\*+)+)$/.test(pattern)),
}
const equals: Operator = { test: (actual, expected) => actual === plain(expected) }
const equalsAnyCase: Operator = { test: (actual, expected) => lower(actual) === lower(plain(expected)) }
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

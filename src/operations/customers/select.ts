import { keyState } from '../../domain/credential.ts'
import { nearest } from '../../domain/nearest.ts'
import { nationalNumber } from '../../domain/phone.ts'
import { Problem } from '../../domain/problem.ts'
import { policyOf } from '../../domain/sending.ts'
import type { Profile } from '../../registry/index.ts'

type Value = string | number | readonly string[] | undefined
type Field = (profile: Profile, now: number) => Value

function queuesOf({ routes }: Profile): string[] {
  return routes.filter(({ environment }) => environment === 'live').flatMap(({ targets }) => targets.map(({ queue }) => queue))
}

/** What customers are found, sorted and shown by. */
const fields = {
  customer: ({ customer }) => customer.id,
  name: ({ customer }) => customer.name,
  state: ({ customer }) => customer.state,
  zone: ({ customer }) => customer.timeZone,
  created: ({ customer }) => new Date(customer.createdAt).toISOString(),
  rate: ({ quotas }) => quotas.live?.rate,
  day: ({ quotas }) => quotas.live?.day,
  month: ({ quotas }) => quotas.live?.month,
  'test-day': ({ quotas }) => quotas.test?.day,
  queue: queuesOf,
  keys: ({ credentials }, now) => credentials.filter((one) => keyState(one, now) === 'active').length,
  expires: ({ credentials }, now) => {
    const ends = credentials.flatMap((one) => (keyState(one, now) === 'active' ? (one.expiresAt ?? []) : []))
    return ends.length === 0 ? undefined : new Date(Math.min(...ends)).toISOString()
  },
  senders: ({ sending }) => policyOf(sending).senders.map(({ number }) => nationalNumber(number)),
  destinations: ({ sending }) => policyOf(sending).destinations,
  class: ({ sending }) => sending?.prices?.name,
  origin: ({ sending }) => sending?.originCode,
} as const satisfies Readonly<Record<string, Field>>

type FieldName = keyof typeof fields
export const customerFields = Object.keys(fields) as FieldName[]

/** @throws Problem `input-invalid`, with the nearest name */
export function customerField(text: string): FieldName {
  const found = customerFields.find((name) => name === text)
  if (found !== undefined) return found
  const meant = nearest(text, customerFields)
  throw new Problem('input-invalid', `"${text}" is not a field of customers${meant ? `; did you mean "${meant}"?` : '.'}`, {
    next: `use one of: ${customerFields.join(', ')}`,
  })
}

function fieldOf(name: FieldName, profile: Profile, now: number): Value {
  const field: Field = fields[name]
  return field(profile, now)
}

/** The field of a customer, as text. */
export function customerValue(name: FieldName, profile: Profile, now: number): string {
  const value = fieldOf(name, profile, now)
  return value === undefined ? '' : typeof value === 'object' ? value.join(' ') : String(value)
}

/** The field of a customer, as data. */
export function customerData(name: FieldName, profile: Profile, now: number): string | number | readonly string[] | null {
  return fieldOf(name, profile, now) ?? null
}

type Test = (profile: Profile, now: number) => boolean

const conditionPattern = /^([a-z-]+)(!=|<=|>=|=|~|<|>)(.*)$/s

function ordered(value: string | number, operator: string, other: string): boolean {
  const [a, b] = typeof value === 'number' ? [value, Number(other.replaceAll('_', ''))] : [value, other]
  switch (operator) {
    case '<':
      return a < b
    case '<=':
      return a <= b
    case '>':
      return a > b
    case '>=':
      return a >= b
    case '~':
      return String(value).toLowerCase().includes(other.toLowerCase())
    default:
      return a === b
  }
}

/**
 * A condition such as `state=suspended`, `day>=100000`, `name~ltd` (contains) or `class!=retail`. An empty value stands for none.
 * A field with several values fulfils it if one of them does.
 * @throws Problem `input-invalid`
 */
function condition(text: string): Test {
  const [, field = '', operator = '', other = ''] = conditionPattern.exec(text) ?? []
  if (operator === '') {
    throw new Problem('input-invalid', `"${text}" is not a condition.`, {
      next: 'use FIELD=VALUE, with =, !=, <, <=, >, >= or ~ (contains), such as state=suspended',
    })
  }
  const name = customerField(field)
  const isEqual = operator === '!=' ? '=' : operator
  const holds: Test = (profile, now) => {
    const value = fieldOf(name, profile, now)
    const all = value === undefined ? [] : typeof value === 'object' ? value : [value]
    if (all.length === 0) return other === '' && isEqual === '='
    return all.some((one) => ordered(one, isEqual, other))
  }
  return operator === '!=' ? (profile, now) => !holds(profile, now) : holds
}

/** Customers that fulfil every condition. @throws Problem `input-invalid` */
export function matching(conditions: readonly string[]): Test {
  const tests = conditions.map(condition)
  return (profile, now) => tests.every((test) => test(profile, now))
}

/** Sorts by a field; `-day` has the largest first. Customers without it come last. @throws Problem `input-invalid` */
export function sortedBy(text: string, profiles: readonly Profile[], now: number): Profile[] {
  const [sign, name] = text.startsWith('-') ? [-1, customerField(text.slice(1))] : [1, customerField(text)]
  const rank = (profile: Profile): string | number | undefined => {
    const value = fieldOf(name, profile, now)
    return typeof value === 'object' ? value.join(' ') || undefined : value
  }
  return profiles.toSorted((one, other) => {
    const [a, b] = [rank(one), rank(other)]
    if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? 1 : -1
    return a === b ? 0 : a < b ? -sign : sign
  })
}

import type { IgnoreRule } from '../../../domain/alerting.ts'

/** The rules that it names; `undefined` where it holds for all. */
export function rulesOf({ rule }: IgnoreRule): readonly string[] | undefined {
  return typeof rule === 'string' ? [rule] : rule
}

/** Whether its last day, in UTC, is over. @param now milliseconds since 1970 */
export function hasExpired({ expires }: IgnoreRule, now: number): boolean {
  return Date.parse(`${expires}T23:59:59.999Z`) < now
}

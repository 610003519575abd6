import * as z from 'zod'
import { checked, compiledPattern } from './faults.ts'

const name = z.string().min(1)

const ignore = z
  .strictObject({
    rule: z.union([name, z.array(name).min(1)]).optional(),
    /** An EventBridge pattern over the event's detail, as in a rule. */
    pattern: z.record(z.string(), z.unknown()).optional(),
    owner: name,
    reason: name,
    expires: z.iso.date('is not a day such as 2027-03-31'),
  })
  .refine(
    ({ rule, pattern }) => rule !== undefined || pattern !== undefined,
    'names neither a rule nor a pattern, and so would hold back every alert',
  )

/** What holds alerts back, for as long as somebody answers for it. */
export type Ignore = z.infer<typeof ignore>

/**
 * Reads ignore rules, such as those of apigw.yaml.
 * @param place where they stand, for the error
 * @throws Problem `rule-invalid` that names place and field
 */
export function readIgnores(value: unknown, place: string): Ignore[] {
  const ignores = checked(z.array(ignore), value, place)
  for (const [index, { pattern }] of ignores.entries()) {
    if (pattern !== undefined) compiledPattern(pattern, `${place}, ${index}`)
  }
  return ignores
}

/** The rules that it names; `undefined` where it holds for all. */
export function rulesOf({ rule }: Ignore): readonly string[] | undefined {
  return typeof rule === 'string' ? [rule] : rule
}

/** Whether its last day, in UTC, is over. @param now milliseconds since 1970 */
export function hasExpired({ expires }: Ignore, now: number): boolean {
  return Date.parse(`${expires}T23:59:59.999Z`) < now
}

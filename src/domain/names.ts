import { Problem } from './problem.ts'

export const environments = ['live', 'test'] as const
/** `live` sends and costs money; `test` never reaches a carrier. */
export type Environment = (typeof environments)[number]

/** The longest customer id, wherever one is written, read or logged. */
export const maxCustomerIdLength = 40

/**
 * A customer id: 2 to 40 of a to z, 0 to 9 and hyphen, starting with a letter. It has no colon, because it is the
 * first of the three parts of a Basic credential, and no brace, because it is a Redis Cluster hash tag.
 */
export const customerIdPattern = /^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])$/

/** @throws Problem `input-invalid` */
export function customerId(text: string): string {
  if (customerIdPattern.test(text)) return text
  throw new Problem(
    'input-invalid',
    `"${text}" cannot be a customer id: use 2 to 40 of a-z, 0-9 and "-", starting with a letter.`,
  )
}

/**
 * What a text that is shown must not hold: control characters and terminal escapes (Cc); format characters (Cf), among them
 * those that turn the direction of writing round (Unicode UAX #9) and those without a width; line and paragraph separators;
 * halves of surrogate pairs; and whatever else Unicode shows as nothing at all, such as Hangul fillers
 * (Default_Ignorable_Code_Point).
 */
const unsafeCharacter = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/u

/** Whether a text shows all that is in it, in the order in which it is. */
export function isDisplayable(text: string): boolean {
  return !unsafeCharacter.test(text)
}

/** A text that was not checked when it came, such as a customer's own reference, as it may be shown. */
export function withoutUnsafe(text: string): string {
  return text.replaceAll(new RegExp(unsafeCharacter, 'gu'), '')
}

const maxNameLength = 100

/** A name that people read. @throws Problem `input-invalid`, with the character that cannot be shown */
export function displayName(text: string): string {
  const name = text.trim()
  const [unsafe] = unsafeCharacter.exec(name) ?? []
  if (unsafe !== undefined) {
    const code = `U+${(unsafe.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
    throw new Problem(
      'input-invalid',
      `A name cannot contain ${code}: control characters, zero-width characters and text-direction marks are refused.`,
    )
  }
  if (name.length >= 1 && name.length <= maxNameLength) return name
  throw new Problem('input-invalid', `A name has 1 to ${maxNameLength} characters.`)
}

/** The SQS rule for a standard queue's name (CreateQueue, `QueueName`). */
const queuePattern = /^[A-Za-z0-9_-]{1,80}$/
/** Queues that the test environment may use start so, and no other queue does. */
const sandboxPrefix = 'sandbox'

/**
 * Test never reaches a carrier: a test route takes only a queue named `sandbox…`, a live route never one.
 * @throws Problem `route-invalid`
 */
export function queueName(text: string, environment: Environment): string {
  if (!queuePattern.test(text)) {
    throw new Problem('route-invalid', `"${text}" cannot be a queue name: SQS takes 1 to 80 of A-Z, a-z, 0-9, "_" and "-".`)
  }
  const sandbox = isSandboxQueue(text)
  if (environment === 'test' && !sandbox) {
    throw new Problem(
      'route-invalid',
      `A test route may only use a sandbox queue, and "${text}" does not start with "${sandboxPrefix}".`,
      {
        next: `use --queue ${sandboxPrefix}, or --env live`,
      },
    )
  }
  if (environment === 'live' && sandbox) {
    throw new Problem('route-invalid', `A live route may not use the sandbox queue "${text}": its messages would never be sent.`)
  }
  return text
}

export function isSandboxQueue(queue: string): boolean {
  return queue.startsWith(sandboxPrefix)
}

import type { Message } from '../../../domain/message.ts'
import { sandboxOutcome } from '../../../domain/sandbox.ts'
import type { Call } from './call.ts'

/** Whether the test environment was asked to cut the connection after it has accepted. */
export function isCut({ environment }: Call, requests: readonly { readonly to: string }[]): boolean {
  return environment === 'test' && requests.some(({ to }) => sandboxOutcome(to) === 'cut')
}

/** Why the test environment was asked not to accept a message, if so. */
export function sandboxRefusal({ environment }: Call, { to }: Message): Error | undefined {
  if (environment !== 'test' || sandboxOutcome(to) !== 'refused') return undefined
  return new Error('this number of the test environment is always refused')
}

import { maskedFields } from '../domain/masked.ts'
import { nextText } from '../domain/next-step.ts'
import { Problem } from '../domain/problem.ts'

/** Longest that a process may take to end what it has begun; ECS kills after 30 seconds. */
const stopMs = 20_000

/** A variable of the environment, or the reason why the process cannot start. */
export function required(name: string): string {
  const value = process.env[name]
  if (value !== undefined && value !== '') return value
  throw new Problem('config-invalid', `The environment variable ${name} is missing.`)
}

/** A whole number from the environment. */
export function numberFrom(name: string, fallback: number): number {
  const text = process.env[name]
  if (text === undefined || text === '') return fallback
  const value = Number(text)
  if (Number.isInteger(value) && value >= 0) return value
  throw new Problem('config-invalid', `The environment variable ${name} is "${text}", which is not a whole number.`)
}

/** One of some words from the environment. */
export function choiceFrom<T extends string>(name: string, choices: readonly T[], fallback: T): T {
  const text = process.env[name]
  if (text === undefined || text === '') return fallback
  const choice = choices.find((one) => one === text)
  if (choice !== undefined) return choice
  throw new Problem('config-invalid', `The environment variable ${name} is "${text}": use ${choices.join(' or ')}.`)
}

/** A text of a certain form from the environment; absent: it is not set, or empty. @param form for the error: what it may be */
export function textFrom(name: string, pattern: RegExp, form: string): string | undefined {
  const text = process.env[name]
  if (text === undefined || text === '') return undefined
  if (pattern.test(text)) return text
  throw new Problem('config-invalid', `The environment variable ${name} is "${text}": use ${form}.`)
}

/**
 * One JSON line on stdout, where CloudWatch Logs picks it up. Numbers in texts are masked, wherever an error or a database brought
 * them from.
 */
export function log(event: string, fields: Readonly<Record<string, unknown>> = {}): void {
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), event, ...Object(maskedFields(fields)) })}\n`)
}

/** An error for the log: what and why, and where only when it is a bug. Never the input that caused it. */
export function errorFields(error: unknown): Record<string, unknown> {
  if (error instanceof Problem) {
    const cause = error.cause instanceof Error ? error.cause.message : undefined
    return { code: error.code, detail: error.message, ...(cause !== undefined && { cause }) }
  }
  return error instanceof Error ? { error: error.message, stack: error.stack } : { error: String(error) }
}

/**
 * Runs a server until SIGTERM or SIGINT, then lets it end what it has begun; a second signal does not wait. A signal that comes
 * while it starts is obeyed when it has started: a process that is PID 1 of its container would otherwise not hear it at all.
 * @param start resolves when it serves, with what stops it
 */
export async function main(start: () => Promise<() => Promise<void>>): Promise<void> {
  const started = Promise.withResolvers<() => Promise<void>>()
  const onSignal = (signal: NodeJS.Signals): void => {
    log('stopping', { signal })
    process.once('SIGINT', () => process.exit(130))
    setTimeout(() => process.exit(1), stopMs).unref()
    void started.promise.then((stop) => stop()).then(() => process.exit(0))
  }
  process.once('SIGTERM', onSignal)
  process.once('SIGINT', onSignal)
  try {
    started.resolve(await start())
  } catch (error) {
    const next = error instanceof Problem && error.next !== undefined ? { next: nextText(error.next) } : {}
    log('failed', { ...errorFields(error), ...next })
    // Connections opened before the failure would keep the process alive, and it would not be restarted.
    process.exit(1)
  }
}

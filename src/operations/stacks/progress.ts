import type { StackEvent } from './events.ts'
import type { Steps } from './steps.ts'

/** Prints events, one line per resource and status. CloudFormation repeats "in progress" once the resource has an id. */
export class Progress {
  readonly #last = new Map<string, string>()

  report({ at, resource, type, status, reason }: StackEvent, { report }: Pick<Steps, 'report'>): void {
    if (this.#last.get(resource) === status) return
    this.#last.set(resource, status)
    const time = new Date(at).toISOString().slice(11, 19)
    const why = status.endsWith('_FAILED') && reason !== undefined ? `  ${reason}` : ''
    report(`${time}  ${status.padEnd(20)}  ${resource}  ${type}${why}`)
  }
}

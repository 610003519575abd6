import type { StackEvent } from './events.ts'
import type { Steps } from './steps.ts'

/** Tells events, one line a resource and state: CloudFormation says "in progress" again when the resource has a name. */
export class Progress {
  readonly #last = new Map<string, string>()

  tell({ at, resource, type, status, reason }: StackEvent, { tell }: Pick<Steps, 'tell'>): void {
    if (this.#last.get(resource) === status) return
    this.#last.set(resource, status)
    const time = new Date(at).toISOString().slice(11, 19)
    const why = status.endsWith('_FAILED') && reason !== undefined ? `  ${reason}` : ''
    tell(`${time}  ${status.padEnd(20)}  ${resource}  ${type}${why}`)
  }
}

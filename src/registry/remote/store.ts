import type { Environment } from '../../domain/names.ts'
import type { Actor, Change } from '../changes/change.ts'
import type { Calls, Method } from '../protocol.ts'
import type { OperatorRegistry } from '../registry.ts'
import { functionPlace } from './address.ts'
import { ask } from './ask.ts'
import { type Found, findFunction } from './find.ts'
import { turns } from './turns.ts'

/** Longer than the function may take (`Timeout` in templates/stacks/admin.yaml), so that AWS says first what went wrong. */
const tryMs = 20_000
const atOnce = 10

/** The registry behind a Lambda function, for whoever cannot reach Redis and may call the function. */
class RemoteRegistry implements OperatorRegistry {
  readonly address: string
  readonly #target: Parameters<typeof ask>[0]
  readonly #orderTargets = turns(atOnce)

  constructor(address: string, target: Parameters<typeof ask>[0]) {
    this.address = address
    this.#target = target
  }

  usage(customer: string, environment: Environment) {
    return this.#ask('usage', { customer, environment })
  }

  open(customer: string, environment: Environment) {
    return this.#ask('open', { customer, environment })
  }

  credential(customer: string, keyId: string) {
    return this.#ask('credential', { customer, keyId })
  }

  profile(customer: string) {
    return this.#ask('profile', { customer })
  }

  customers() {
    return this.#ask('customers', {})
  }

  history(customer: string | undefined, most: number) {
    return this.#ask('history', { ...(customer !== undefined && { customer }), most })
  }

  document(name: string) {
    return this.#ask('document', { name })
  }

  /** The function names the caller whom AWS proved, so `actor` stays here. */
  change(change: Change, _actor: Actor) {
    return this.#ask('change', { change })
  }

  health() {
    return this.#ask('health', {})
  }

  async close(): Promise<void> {
    // Each request is an invocation of its own: nothing is open between two.
  }

  #ask<M extends Method>(method: M, params: Calls[M]['params']): Promise<Calls[M]['result']> {
    return this.#orderTargets(() => ask(this.#target, method, params))
  }
}

interface RemoteOptions {
  /** Where the address names no region. */
  readonly region?: string | undefined
  /** Longest that one try may take, in milliseconds. */
  readonly tryMs?: number
}

/**
 * Opens the registry at `lambda:FUNCTION[@REGION]`.
 * @throws Problem `config-invalid`, `function-unknown`, `caller-unknown`, `aws-…`
 */
export async function openRemote(address: string, options: RemoteOptions = {}): Promise<OperatorRegistry> {
  const place = functionPlace(address)
  const found: Found = await findFunction({ ...place, region: place.region ?? options.region })
  return new RemoteRegistry(address, { ...found, name: place.name, tryMs: options.tryMs ?? tryMs })
}

import { operatorMethods, operatorRegistry } from '../operator-methods.ts'
import type { OperatorRegistry } from '../registry.ts'
import { functionAddress } from './address.ts'
import { ask } from './ask.ts'
import { findFunction } from './find.ts'
import { limitConcurrency } from './turns.ts'

/** Longer than the function may take (`Timeout` in templates/stacks/admin.yaml), so that AWS reports the cause first. */
const tryMs = 20_000
const maxConcurrent = 10

interface RemoteOptions {
  /** Used if the address names no region. */
  readonly region?: string | undefined
  /** Timeout of one attempt, in milliseconds. */
  readonly tryMs?: number
}

/**
 * Opens the registry at `lambda:FUNCTION[@REGION]`: for operators who cannot reach Redis and may call the function. Each call is
 * an invocation of its own, so nothing has to be closed. The function replaces the actor of a change with the caller that AWS
 * authenticated.
 *
 * @throws Problem `config-invalid`, `function-unknown`, `caller-unknown`, `aws-…`
 */
export async function openRemote(address: string, options: RemoteOptions = {}): Promise<OperatorRegistry> {
  const { name, region } = functionAddress(address)
  const endpoint = await findFunction({ name, region: region ?? options.region })
  const target = { ...endpoint, name, tryMs: options.tryMs ?? tryMs }
  const limited = limitConcurrency(maxConcurrent)
  return operatorRegistry(
    address,
    (method, args) => limited(() => ask(target, method, operatorMethods[method].toParams(...args))),
    async () => undefined,
  )
}

import { type Calls, type Method, operatorMethods, operatorRegistry } from './operator-methods.ts'
import { protocolVersion, type RemoteRequest, receivedProblem, remoteAnswer } from './protocol.ts'
import type { OperatorRegistry } from './registry.ts'

/** Carries a request to the function that serves the registry, and its answer back as JSON. */
export type Carry = (request: RemoteRequest) => Promise<unknown>

async function ask<M extends Method>(carry: Carry, method: M, args: Calls[M]['args']): Promise<Calls[M]['result']> {
  const { toParams, result }: (typeof operatorMethods)[M] = operatorMethods[method]
  const answer = remoteAnswer.parse(await carry({ apigw: protocolVersion, method, params: toParams(...args) }))
  if (answer.problem !== undefined) throw receivedProblem(answer.problem)
  return result.parse(answer.result)
}

/**
 * The registry behind a function that is not called by its URL, such as in a rehearsal.
 * @throws Problem the function's own
 */
export function registryThrough(address: string, carry: Carry): OperatorRegistry {
  return operatorRegistry(
    address,
    (method, args) => ask(carry, method, args),
    async () => undefined,
  )
}

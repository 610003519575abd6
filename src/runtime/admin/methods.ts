import { apigw, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { type Method, type OperatorRegistry, operatorMethods } from '../../registry/index.ts'
import type { Caller } from './caller.ts'

/**
 * Calls a method of the registry with the parameters of a request.
 * @throws Problem `invalid-request`, and what the registry throws
 */
export async function callMethod(method: Method, params: unknown, registry: OperatorRegistry, caller: Caller): Promise<unknown> {
  const parsed = operatorMethods[method].parse(params)
  if (parsed.success) return parsed.data(registry, { who: caller.arn, from: caller.address })
  const errors = parsed.error.issues
    .slice(0, 20)
    .map(({ path, message }) => ({ pointer: `/params/${path.join('/')}`, detail: message }))
  const [first] = errors
  throw new Problem('invalid-request', `The function does not accept ${first?.pointer}: ${first?.detail}.`, {
    next: step`install the same version of command and function: ${apigw('deploy', 'admin')}`,
    errors,
  })
}

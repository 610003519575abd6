import { apigw, step } from '../domain/next-step.ts'
import { Problem } from '../domain/problem.ts'

/** The answer to adding a customer under the id of a removed one. @param until milliseconds since 1970 */
export function retiredId(customer: string, until: number): Problem {
  const day = new Date(until).toISOString().slice(0, 10)
  return new Problem(
    'customer-id-retired',
    `"${customer}" was removed, and its id cannot be used again before ${day}: its messages and answers are still stored.`,
    { next: step`choose another id: ${apigw('customer add', 'ID')}`, extensions: { until: new Date(until).toISOString() } },
  )
}

import { Problem } from '../domain/problem.ts'

/**
 * The owner of the route that a command means: the customer that was named, or `undefined` for the default.
 * @throws Problem `usage`
 */
export function routeOwner(customer: string | undefined, isDefault: boolean): string | undefined {
  if (isDefault === (customer === undefined)) return customer
  throw new Problem('usage', isDefault ? 'A customer and --default cannot be combined.' : 'No customer was given.', {
    next: 'name a customer, or use --default',
  })
}

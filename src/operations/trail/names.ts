/** The name prefix of all resources of the trail. An account has at most one trail per region. */
export const prefix = 'apigw-trail'
export const trailStack = 'apigw-trail'
/** The stack that forwards the events of global services from us-east-1. */
export const globalStackName = `${trailStack}-global`
export const globalRegion = 'us-east-1'
export const secretName = `${prefix}-slack`
export const functionName = `${prefix}-notifier`
export const notifierLogGroup = `/${prefix}/notifier`

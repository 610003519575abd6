/** What everything of the trail is called; there is one in an account and region. */
export const prefix = 'apigw-trail'
export const trailStack = 'apigw-trail'
/** What sends on what global services report in us-east-1. */
export const globalStackName = `${trailStack}-global`
export const globalRegion = 'us-east-1'
export const secretName = `${prefix}-slack`
export const functionName = `${prefix}-notifier`
export const notifierLogGroup = `/${prefix}/notifier`

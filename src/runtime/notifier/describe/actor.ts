import { recordOf } from '../../../domain/record.ts'

/** What stands at a path of an event, such as `userIdentity.sessionContext.sessionIssuer.arn`; undefined where a step is missing. */
export function at(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((inner, name) => (Array.isArray(inner) ? inner[Number(name)] : recordOf(inner)[name]), value)
}

export function textAt(value: unknown, path: string): string | undefined {
  const found = at(value, path)
  return typeof found === 'string' && found !== '' ? found : undefined
}

/**
 * Who acted, in the words of https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html:
 * the ARN where there is one (it names role and session), otherwise what is known.
 */
export function actorOf(record: unknown): string {
  const type = textAt(record, 'userIdentity.type')
  if (type === 'Root') return `root of ${textAt(record, 'userIdentity.accountId') ?? 'the account'}`
  return (
    textAt(record, 'userIdentity.arn') ??
    textAt(record, 'userIdentity.invokedBy') ??
    textAt(record, 'userIdentity.userName') ??
    textAt(record, 'additionalEventData.UserName') ??
    textAt(record, 'userIdentity.principalId') ??
    textAt(record, 'userIdentity.accountId') ??
    (type === undefined ? 'an unnamed actor' : `an identity of type ${type}`)
  )
}

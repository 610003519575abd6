import type { Json } from '../../../../operations/cloudformation/index.ts'
import type { Resource } from '../../template/resource.ts'
import type { AwsRequest, Sender } from '../access.ts'

/** Something that AWS does on its own while a stage runs, and that a policy can keep it from. */
export type Duty =
  | { readonly kind: 'request'; readonly what: string; readonly sender: Sender; readonly request: AwsRequest }
  | { readonly kind: 'assume'; readonly what: string; readonly service: string; readonly role: string }

export type Duties = (resource: Resource, all: readonly Resource[]) => readonly Duty[]

export function name({ stack, logicalId }: Resource): string {
  return `${stack}/${logicalId}`
}

export function byRole(
  what: string,
  role: string,
  requests: readonly (readonly [action: string, resource: string])[],
  keys = {},
): Duty[] {
  return requests.map(([action, resource]) => ({
    kind: 'request',
    what: `${what}: ${action}`,
    sender: { kind: 'role', arn: role },
    request: { action, resource, keys },
  }))
}

export function byService(what: string, service: string, sourceArn: string, action: string, resource: string, keys = {}): Duty {
  return { kind: 'request', what, sender: { kind: 'service', service, sourceArn }, request: { action, resource, keys } }
}

export function logGroupArn(all: readonly Resource[], group: Json | undefined): string | undefined {
  const found = all.find(({ type, physicalId }) => type === 'AWS::Logs::LogGroup' && physicalId === group)
  return found === undefined ? undefined : String(found.attribute('Arn')).replace(/\*$/, 'log-stream:one')
}

/** What a service does to a target that is named by its ARN. */
export function toTarget(what: string, service: string, sourceArn: string, target: string): Duty[] {
  const action = { sns: 'sns:Publish', sqs: 'sqs:SendMessage', lambda: 'lambda:InvokeFunction' }[target.split(':')[2] ?? '']
  return action === undefined ? [] : [byService(what, service, sourceArn, action, target)]
}

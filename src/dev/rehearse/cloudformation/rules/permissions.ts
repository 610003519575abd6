import { isMap, type Json, type JsonMap, scalarText } from '../../../../operations/cloudformation/index.ts'
import { mapsAt, textAt, textsAt, type World } from './rule.ts'

function textsOf(value: Json | undefined): string[] {
  return (Array.isArray(value) ? value : [value]).flatMap((one: Json | undefined) => scalarText(one) ?? [])
}

function matches(pattern: string, action: string): boolean {
  const expression = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${expression}$`, 'i').test(action)
}

function documentAllows(document: Json | undefined, action: string): boolean {
  const statements = isMap(document) ? document.Statement : undefined
  const list: readonly Json[] = Array.isArray(statements) ? statements : statements === undefined ? [] : [statements]
  return list
    .filter(isMap)
    .some(({ Effect, Action }) => Effect === 'Allow' && textsOf(Action).some((one) => matches(one, action)))
}

function documentsOf({ inventory }: World, role: JsonMap): (Json | undefined)[] {
  const inline = mapsAt(role, 'Policies').map(({ PolicyDocument }) => PolicyDocument)
  const managed = textsAt(role, 'ManagedPolicyArns').map(
    (arn) => inventory.find('AWS::IAM::ManagedPolicy', arn)?.properties.PolicyDocument,
  )
  return [...inline, ...managed]
}

/**
 * Whether some statement of a role allows an action, and its boundary too. Lambda asks this before it accepts a function or
 * an event source. Resources and conditions are left to the services that evaluate policies. A policy of AWS counts as
 * sufficient, because its content is not known here.
 */
export function allows(world: World, roleArn: string, action: string): boolean {
  const name = roleArn.split('/').at(-1) ?? ''
  const role = world.inventory.find('AWS::IAM::Role', name)?.properties
  if (role === undefined) return true
  if (textsAt(role, 'ManagedPolicyArns').some((arn) => arn.startsWith('arn:aws:iam::aws:'))) return true
  const boundary = textAt(role, 'PermissionsBoundary')
  const bounded = boundary === '' ? undefined : world.inventory.find('AWS::IAM::ManagedPolicy', boundary)
  if (bounded !== undefined && !documentAllows(bounded.properties.PolicyDocument, action)) return false
  return documentsOf(world, role).some((document) => documentAllows(document, action))
}

import { Problem } from '../../domain/problem.ts'
import type { DeploySettings, StackKey } from '../../domain/stage.ts'

type Values = Readonly<Record<string, string>>

/** The two kinds of stages: solo has a regional API and no network around its functions, the others have a balancer. */
function isSolo({ size }: DeploySettings): boolean {
  return size === 'solo'
}

/** Where the registry of a stage is. */
function registryOf(settings: DeploySettings): 'redis' | 'dynamodb' {
  return settings.registry ?? (isSolo(settings) ? 'dynamodb' : 'redis')
}

/** Whether the stage has a stack. A registry in DynamoDB needs no function inside the network for the command line. */
export function hasStack(key: StackKey, settings: DeploySettings): boolean {
  return key !== 'admin' || settings.transition === true || registryOf(settings) === 'redis'
}

/** The parameters of a stack that say which fronts and registries there are. */
export function shapeParameters(key: StackKey, settings: DeploySettings): Values {
  const { transition = false, registryNodes } = settings
  const solo = isSolo(settings)
  const front = solo ? 'regional' : 'balancer'
  const Fronts = transition ? 'both' : front
  const registry = registryOf(settings)
  switch (key) {
    case 'network':
      return solo && !transition ? { Egress: 'none' } : {}
    case 'data':
      return {
        Registries: transition ? 'both' : registry,
        ...(registryNodes !== undefined && { RegistryReplicas: String(registryNodes - 1) }),
      }
    case 'edge':
      return { Fronts, RecordTo: front }
    case 'gateway':
      return { Fronts, RegistryStore: registry }
    default:
      return {}
  }
}

/** Parameters for code that no function of the stage runs. */
export function unusedCode(settings: DeploySettings): ReadonlySet<string> {
  const other =
    registryOf(settings) === 'redis'
      ? ['GatewayDynamodbCodeKey', 'AuthorizerDynamodbCodeKey']
      : ['GatewayCodeKey', 'AuthorizerCodeKey']
  return new Set([...other, ...(isSolo(settings) && settings.transition !== true ? ['EndpointAddressesCodeKey'] : [])])
}

/** Settings that a stage without a network around its functions cannot have, each with the reason. */
function contradictions(settings: DeploySettings): readonly (readonly [setting: string, why: string])[] {
  const { front, worker, egress, endpointZones, registryNodes, registry, transition } = settings
  const found: (readonly [string, string])[] = []
  if (isSolo(settings)) {
    if (front === 'container') found.push(['front: container', 'its front is a regional API, which invokes functions'])
    if (worker === 'container')
      found.push(['worker: container', 'its worker is a function, and logs in to the database with IAM'])
  }
  if (transition && front === 'container') found.push(['front: container', 'both fronts share their functions'])
  if (isSolo(settings) && transition !== true) {
    if (registry === 'redis') found.push(['registry: redis', 'its functions are outside the network of the nodes'])
    if (egress !== undefined && egress !== 'auto' && egress !== 'none') {
      found.push([`egress: ${egress}`, 'nothing in its network leaves it, except to S3 and DynamoDB'])
    }
    if (endpointZones !== undefined) found.push([`endpointZones: ${endpointZones}`, 'it has no interface endpoints'])
    if (registryNodes !== undefined) found.push([`registryNodes: ${registryNodes}`, 'its registry is a table'])
  }
  return found
}

/** @throws Problem `config-invalid` that names two settings that contradict each other */
export function checkShape(settings: DeploySettings): void {
  const [first] = contradictions(settings)
  if (first === undefined) return
  const [setting, why] = first
  const other = isSolo(settings) ? 'size: solo' : 'transition: true'
  throw new Problem('config-invalid', `deploy has ${other} and ${setting}, which contradict each other: ${why}.`, {
    next: `remove ${setting} of the stage in apigw.yaml, or use another size (docs/deploy.md, "A stage for one person")`,
  })
}

/** How a stage may change what it has: by way of both. */
const changes = [
  { key: 'data', parameter: 'Registries', used: { key: 'gateway', parameter: 'RegistryStore' } },
  { key: 'edge', parameter: 'Fronts', used: { key: 'edge', parameter: 'RecordTo' } },
] as const

type Deployed = (key: StackKey, parameter: string) => string | undefined

const reasons: Readonly<Record<string, string>> = {
  Registries: 'the new registry would be empty, without customers, keys and quotas',
  Fronts: 'the API would not answer until the new front is there',
}

/**
 * A front or a registry is taken over, and never swapped: the other one is made first, and the first one goes when it is not used any
 * more.
 * @param deployed a parameter of a deployed stack; undefined if the stack, or the parameter in it, is not there
 * @throws Problem `config-invalid`
 */
export function refuseSwap(key: StackKey, wanted: Readonly<Record<string, string | undefined>>, deployed: Deployed): void {
  for (const { key: stack, parameter, used } of changes) {
    if (key !== stack) continue
    const [now, then] = [wanted[parameter], deployed(stack, parameter)]
    if (now === undefined || then === undefined || now === then || now === 'both') continue
    const inUse = deployed(used.key, used.parameter)
    if (then === 'both' && (inUse === undefined || inUse === now)) continue
    const why = then === 'both' ? `the stage still uses ${inUse}` : reasons[parameter]
    throw new Problem('config-invalid', `${parameter} of ${key} cannot change from ${then} to ${now} at once: ${why}.`, {
      next: 'set deploy.transition of the stage in apigw.yaml to true first, and follow docs/capacity.md, "Grow from one size to the next"',
    })
  }
}

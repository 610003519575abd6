import type { Containers, Shape } from '../../domain/cost-use.ts'
import type { StackKey } from '../../domain/stage.ts'
import { egressParts, planParameters, registryCallUnits, type StackOutline } from '../stacks/index.ts'

type Values = Readonly<Record<string, string | undefined>>

function containersOf({ TaskCpu, TaskMegabytes, MinTasks }: Values): Containers {
  return { cpu: Number(TaskCpu) / 1024, gigabytes: Number(TaskMegabytes) / 1024, least: Number(MinTasks) }
}

function frontOf({ Front, Fronts }: Values): Shape['front'] {
  if (Front === 'container') return 'container'
  return Fronts === 'regional' ? 'regional' : 'private'
}

/** What traffic passes through, by the parameters of the stacks. */
export function shapeOf(stacks: readonly StackOutline[]): Shape {
  const found = new Map(stacks.map((stack): [StackKey, Values] => [stack.key, planParameters(stack)]))
  const of = (key: StackKey): Values => found.get(key) ?? {}
  const [gateway, worker] = [of('gateway'), of('worker')]
  const network = stacks.find(({ key }) => key === 'network')
  return {
    front: frontOf(gateway),
    worker: worker.Mode === 'container' ? 'container' : 'lambda',
    registry: gateway.RegistryStore === 'dynamodb' ? 'dynamodb' : 'redis',
    egress: network === undefined ? 'none' : egressParts(network).taken,
    isFiltered: found.has('edge'),
    gatewayGigabytes: Number(gateway.FunctionMegabytes) / 1024,
    workerGigabytes: Number(worker.FunctionMegabytes) / 1024,
    gatewayTask: containersOf(gateway),
    workerTask: containersOf(worker),
    mediaDays: Number(of('data').MediaDays),
    callUnits: registryCallUnits,
  }
}

import type { StackKey } from '../../domain/stage.ts'
import type { Stack } from './stack.ts'

interface Ordered {
  readonly key: StackKey
  readonly desired: { readonly parameters: Readonly<Record<string, string>> }
}

/**
 * The order in which stacks are updated. Where containers give way to functions, the network loses the endpoints or the NAT
 * gateway that running containers need for their images, secrets and logs. So it comes after the stacks that use it. In every
 * other case it comes before them: what they need has to be there first.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/networking-outbound.html
 */
export function updateOrder<T extends Ordered>(stacks: readonly T[], deployed: ReadonlyMap<StackKey, Stack>): readonly T[] {
  const network = stacks.find(({ key }) => key === 'network')
  const had = deployed.get('network')?.parameters.Containers
  if (network === undefined || had !== 'yes' || network.desired.parameters.Containers !== 'no') return stacks
  return [...stacks.filter(({ key }) => key !== 'network'), network]
}

import type { StackKey } from '../../domain/stage.ts'
import type { Stack } from './stack.ts'

type Values = Readonly<Record<string, string | undefined>>

interface Ordered {
  readonly key: StackKey
  readonly desired: { readonly parameters: Readonly<Record<string, string>> }
}

/**
 * Stacks that lose something which later stacks still use: where containers give way to functions, or a stage becomes solo, the network
 * loses the endpoints or the NAT gateway that running containers and functions need
 * (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/networking-outbound.html). The edge loses a domain or a balancer that
 * mappings and rules of the gateway name.
 */
const losses: Readonly<Partial<Record<StackKey, (had: Values, wanted: Values) => boolean>>> = {
  network: (had, wanted) =>
    (had.Containers === 'yes' && wanted.Containers === 'no') || (wanted.Egress === 'none' && had.Egress !== 'none'),
  edge: (had, wanted) => had.Fronts === 'both' && wanted.Fronts !== undefined && wanted.Fronts !== 'both',
}

/** In the order of their removal. */
const last: readonly StackKey[] = ['edge', 'network']

/**
 * The order in which stacks are updated. A stack that loses something comes after the stacks that use it. In every other case it comes
 * before them: what they need has to be there first.
 */
export function updateOrder<T extends Ordered>(stacks: readonly T[], deployed: ReadonlyMap<StackKey, Stack>): readonly T[] {
  const isLosing = ({ key, desired }: T): boolean => {
    const had = deployed.get(key)?.parameters
    return had !== undefined && losses[key]?.(had, desired.parameters) === true
  }
  const losing = stacks.filter(isLosing).toSorted((one, other) => last.indexOf(one.key) - last.indexOf(other.key))
  return [...stacks.filter((one) => !losing.includes(one)), ...losing]
}

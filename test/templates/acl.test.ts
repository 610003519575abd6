import { describe, expect, it } from 'vitest'
import { mapOf, stackNamed } from './stacks.ts'

interface Entry {
  readonly rule: number
  readonly allows: boolean
  readonly from: string
  readonly ports: readonly [low: number, high: number]
}

const { resources } = stackNamed('network')

/** The entries of a network ACL for traffic that comes in, in the order in which AWS evaluates them. */
function entriesInto(acl: string): Entry[] {
  const entries = resources
    .filter(({ type, properties }) => type === 'AWS::EC2::NetworkAclEntry' && mapOf(properties.NetworkAclId).Ref === acl)
    .filter(({ properties }) => properties.Egress === false)
    .map(({ properties }): Entry => {
      const { From = 0, To = 65_535 } = mapOf(properties.PortRange)
      const from = typeof properties.CidrBlock === 'string' ? properties.CidrBlock : 'inside'
      return {
        rule: Number(properties.RuleNumber),
        allows: properties.RuleAction === 'allow',
        from,
        ports: [Number(From), Number(To)],
      }
    })
  return entries.toSorted((one, other) => one.rule - other.rule)
}

/** The first entry that matches decides; without one, the answer is no. */
function admits(acl: string, port: number): boolean {
  const first = entriesInto(acl).find(({ from, ports: [low, high] }) => from === '0.0.0.0/0' && port >= low && port <= high)
  return first?.allows ?? false
}

const stateful = [6379, 3306, 5432]

describe('the network ACLs', () => {
  // Functions and NAT gateways call from ports 1024 to 65535
  // (https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html#nacl-ephemeral-ports).
  it.each(['PrivateAcl', 'PublicAcl'])('%s lets answers to functions and NAT gateways in', (acl) => {
    for (const port of [1024, 1025, 20_000, 32_767, 32_768, 60_999, 65_535]) expect(admits(acl, port), `${port}`).toBe(true)
  })
  it('keep the ports of the registry and the databases closed from outside', () => {
    for (const port of [...stateful, 22, 443, 1023]) expect(admits('PrivateAcl', port), `${port}`).toBe(false)
  })
  it('have different rule numbers in each direction, as AWS requires', () => {
    for (const acl of ['PrivateAcl', 'PublicAcl']) {
      const rules = entriesInto(acl).map(({ rule }) => rule)
      expect(rules).toEqual([...new Set(rules)])
    }
  })
})

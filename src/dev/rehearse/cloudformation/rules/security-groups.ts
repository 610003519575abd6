import { withInterfaces } from './interfaces.ts'
import { mapsAt, notHeldBy, oneOfAKind, type Rule, type ServiceRules, shaped, textAt } from './rule.ts'

const vpcs = 'https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html'
const deleteGroup = 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html'
const groupRules = 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupIngress.html'

/** A rule of another group that names this one; its own rules go with it. */
const noRuleNamesIt: Rule = {
  source: deleteGroup,
  refuse: ({ id }, { inventory }) => {
    const holders = ['AWS::EC2::SecurityGroup', 'AWS::EC2::SecurityGroupIngress', 'AWS::EC2::SecurityGroupEgress']
    const rules = holders
      .flatMap((type) => inventory.of(type))
      .filter((one) => one.id !== id && textAt(one.properties, 'GroupId') !== id)
    return rules.some(({ properties }) => JSON.stringify(properties).includes(`"${id}"`))
      ? `resource ${id} has a dependent object`
      : undefined
  },
}

const dependent = (id: string): string => `resource ${id} has a dependent object`

const inGroupLimit: Rule = {
  source: vpcs,
  refuse: ({ properties }, { inventory, quotas }) => {
    const group = textAt(properties, 'GroupId')
    const rules = inventory.of('AWS::EC2::SecurityGroupIngress').filter((one) => textAt(one.properties, 'GroupId') === group)
    return rules.length >= quotas.rulesASecurityGroup
      ? `The maximum number of rules per security group has been reached. (${group})`
      : undefined
  },
}

const sameRule = [
  'GroupId',
  'IpProtocol',
  'FromPort',
  'ToPort',
  'CidrIp',
  'CidrIpv6',
  'SourceSecurityGroupId',
  'DestinationSecurityGroupId',
  'SourcePrefixListId',
  'DestinationPrefixListId',
]

/** A rule that the group has in itself. */
function notInline(list: 'SecurityGroupIngress' | 'SecurityGroupEgress'): Rule {
  const compared = sameRule.slice(1)
  return {
    source: groupRules,
    refuse: ({ properties }, { inventory }) => {
      const group = inventory.find('AWS::EC2::SecurityGroup', textAt(properties, 'GroupId'))
      if (group === undefined) return `The security group '${textAt(properties, 'GroupId')}' does not exist`
      const same = mapsAt(group.properties, list).some((one) =>
        compared.every((name) => textAt(one, name) === textAt(properties, name)),
      )
      return same ? 'the specified rule already exists' : undefined
    },
  }
}

export const securityGroups: ServiceRules = {
  'AWS::EC2::SecurityGroup': {
    name: 'GroupName',
    nameWithin: 'VpcId',
    replaces: ['GroupDescription', 'GroupName', 'VpcId'],
    valid: [
      shaped(
        'GroupDescription',
        /^[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]{1,255}$/,
        'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html',
      ),
    ],
    remove: [notHeldBy(withInterfaces, dependent, deleteGroup), noRuleNamesIt],
  },
  'AWS::EC2::SecurityGroupIngress': {
    replaces: [
      'CidrIp',
      'CidrIpv6',
      'FromPort',
      'GroupId',
      'GroupName',
      'IpProtocol',
      'SourcePrefixListId',
      'SourceSecurityGroupId',
      'SourceSecurityGroupName',
      'SourceSecurityGroupOwnerId',
      'ToPort',
    ],
    create: [
      notInline('SecurityGroupIngress'),
      oneOfAKind(sameRule, () => 'the specified rule already exists', groupRules),
      inGroupLimit,
    ],
  },
  'AWS::EC2::SecurityGroupEgress': {
    replaces: [
      'CidrIp',
      'CidrIpv6',
      'DestinationPrefixListId',
      'DestinationSecurityGroupId',
      'FromPort',
      'GroupId',
      'IpProtocol',
      'ToPort',
    ],
    create: [notInline('SecurityGroupEgress'), oneOfAKind(sameRule, () => 'the specified rule already exists', groupRules)],
  },
}

import { isMap, type Json } from '../../../../operations/cloudformation/index.ts'
import { listAt, mapsAt, notHeldBy, numberAt, oneOfAKind, type Rule, type ServiceRules, shaped, textAt } from './rule.ts'

const creation = 'https://docs.aws.amazon.com/waf/latest/APIReference/API_CreateWebACL.html'
const deletion = 'https://docs.aws.amazon.com/waf/latest/APIReference/API_DeleteWebACL.html'
const association = 'https://docs.aws.amazon.com/waf/latest/APIReference/API_AssociateWebACL.html'
const logging = 'https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html'

const priorities: Rule = {
  source: creation,
  refuse: ({ properties }) => {
    const all = mapsAt(properties, 'Rules').map((rule) => textAt(rule, 'Priority'))
    return new Set(all).size < all.length
      ? 'AWS WAF couldn’t perform the operation because two rules have the same priority.'
      : undefined
  },
}

function limitsIn(value: Json | undefined): number[] {
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([name, of]: [string, Json]) =>
    name === 'RateBasedStatement' && isMap(of) ? [numberAt(of, 'Limit') ?? 0] : limitsIn(of),
  )
}

/** https://docs.aws.amazon.com/waf/latest/APIReference/API_RateBasedStatement.html */
const rates: Rule = {
  source: creation,
  refuse: ({ properties }) =>
    limitsIn(properties.Rules).some((limit) => limit < 10 || limit > 2_000_000_000)
      ? 'The limit of a rate-based rule has to be between 10 and 2000000000.'
      : undefined,
}

const logGroup: Rule = {
  source: logging,
  refuse: ({ properties }) => {
    const wrong = listAt(properties, 'LogDestinationConfigs').find((arn) => {
      const [, name] = /:log-group:(.*)$/.exec(String(arn)) ?? []
      return name !== undefined && !name.startsWith('aws-waf-logs-')
    })
    return wrong === undefined
      ? undefined
      : `The ARN isn't valid: the name of the log group has to start with aws-waf-logs-. (${String(wrong)})`
  },
}

export const waf: ServiceRules = {
  'AWS::WAFv2::WebACL': {
    name: 'Name',
    replaces: ['Name', 'Scope'],
    valid: [shaped('Name', /^[\w-]{1,128}$/, creation), priorities, rates],
    create: [
      oneOfAKind(
        ['Name', 'Scope'],
        () => 'AWS WAF couldn’t perform the operation because some resource in your request is a duplicate of an existing one.',
        creation,
      ),
    ],
    remove: [
      {
        source: deletion,
        refuse: ({ id, properties }, { inventory }) => {
          const own = inventory
            .of('AWS::WAFv2::WebACLAssociation')
            .some((one) => textAt(one.properties, 'WebACLArn').includes(`/webacl/${id.split('|')[0] ?? ''}/`))
          return own && textAt(properties, 'Scope') !== ''
            ? 'AWS WAF couldn’t delete this resource because it is associated with another resource.'
            : undefined
        },
      },
    ],
  },
  'AWS::WAFv2::WebACLAssociation': {
    replaces: ['ResourceArn', 'WebACLArn'],
    create: [oneOfAKind(['ResourceArn'], () => 'The resource already has a web ACL.', association)],
  },
  'AWS::WAFv2::LoggingConfiguration': {
    replaces: ['ResourceArn'],
    valid: [logGroup],
    create: [oneOfAKind(['ResourceArn'], () => 'The web ACL already has a logging configuration.', logging)],
  },
  'AWS::WAFv2::IPSet': {
    name: 'Name',
    replaces: ['Name', 'Scope'],
    remove: [
      notHeldBy(
        ['AWS::WAFv2::WebACL'],
        () => 'AWS WAF couldn’t delete this resource because it is used by another resource.',
        deletion,
      ),
    ],
  },
}

import { Problem } from '../../../domain/problem.ts'
import {
  functionOf,
  isMap,
  type Json,
  type JsonMap,
  readTemplate,
  scalarText,
  type Template,
} from '../../cloudformation/index.ts'
import type { Account } from '../account/account.ts'
import { accountFrom, checkedDetails } from '../account/details.ts'

/** The account in which a template is imagined. */
const account = '111122223333'
const region = 'us-east-1'
const pseudo: Readonly<Record<string, string>> = {
  'AWS::AccountId': account,
  'AWS::Region': region,
  'AWS::Partition': 'aws',
  'AWS::URLSuffix': 'amazonaws.com',
  'AWS::StackName': 'stack',
  'AWS::StackId': `arn:aws:cloudformation:${region}:${account}:stack/stack/1`,
}
const nothing = Symbol('AWS::NoValue')
type Value = Json | typeof nothing

function textOf(value: Value | undefined): string {
  return (typeof value === 'symbol' ? undefined : scalarText(value)) ?? ''
}

/** Stands for the value of a parameter without a default: a parameter that is named as an ARN has one. */
function givenLater(name: string): string {
  if (name.endsWith('SecretArn')) return `arn:aws:secretsmanager:${region}:${account}:secret:${name}`
  return name.endsWith('Arn') ? `arn:aws:service:${region}:${account}:${name}` : name
}

/** What the functions of a template come to, as far as policies need it. */
class Resolver {
  readonly #resources: Template['resources']
  readonly #parameters: Template['parameters']

  constructor({ resources, parameters }: Template) {
    this.#resources = resources
    this.#parameters = parameters
  }

  *of(type: string): Generator<{ name: string; properties: JsonMap }> {
    for (const [name, { type: own, properties }] of this.#resources) {
      const value = own === type ? this.resolve(properties) : nothing
      if (value !== nothing && isMap(value)) yield { name, properties: value }
    }
  }

  /** A physical name; a resource without one is called as in the template. */
  named(logical: string, property: string): string {
    const given = this.resolve(this.#resources.get(logical)?.properties[property] ?? null)
    return typeof given === 'string' && given !== '' ? given : logical
  }

  #arn(logical: string): string {
    const type = this.#resources.get(logical)?.type ?? ''
    const path = textOf(this.#resources.get(logical)?.properties.Path) || '/'
    const iam = {
      'AWS::IAM::Role': ['role', 'RoleName'],
      'AWS::IAM::User': ['user', 'UserName'],
      'AWS::IAM::Group': ['group', 'GroupName'],
      'AWS::IAM::ManagedPolicy': ['policy', 'ManagedPolicyName'],
    }[type]
    const [kind, property] = iam ?? []
    if (kind !== undefined && property !== undefined)
      return `arn:aws:iam::${account}:${kind}${path}${this.named(logical, property)}`
    if (type === 'AWS::S3::Bucket') return `arn:aws:s3:::${logical.toLowerCase()}`
    const [, service = 'service'] = type.toLowerCase().split('::')
    return `arn:aws:${service}:${region}:${account}:${logical}`
  }

  #ref(name: string): Value {
    if (name === 'AWS::NoValue') return nothing
    const parameter = this.#parameters.get(name)
    const known = pseudo[name] ?? (parameter && (parameter.fallback || givenLater(name)))
    if (known !== undefined) return known
    const type = this.#resources.get(name)?.type
    const names: Readonly<Record<string, string>> = {
      'AWS::IAM::Role': 'RoleName',
      'AWS::IAM::User': 'UserName',
      'AWS::IAM::Group': 'GroupName',
    }
    const property = names[type ?? '']
    if (property !== undefined) return this.named(name, property)
    return type === 'AWS::IAM::ManagedPolicy' || type === 'AWS::SNS::Topic' || type === 'AWS::SecretsManager::Secret'
      ? this.#arn(name)
      : name
  }

  #attribute(of: Json): string {
    const [name = '', attribute = ''] = (Array.isArray(of) ? of : textOf(of).split('.')).map(textOf)
    return /Arn$/.test(attribute) ? this.#arn(name) : `${name}.${attribute}`
  }

  #sub(of: Json): string {
    const [text, values] = Array.isArray(of) ? of : [of, {}]
    const own = isMap(values) ? values : {}
    return textOf(text)
      .replaceAll(/\$\{([^!}][^}]*)\}/g, (_all, name: string) => {
        const given = own[name.trim()]
        if (given !== undefined) return textOf(this.resolve(given))
        return name.includes('.') && !name.startsWith('AWS::') ? this.#attribute(name.trim()) : textOf(this.#ref(name.trim()))
      })
      .replaceAll('${!', '${')
  }

  #function(name: string, of: Json): Value | undefined {
    if (name === 'Ref') return this.#ref(textOf(of))
    if (name === 'Fn::GetAtt') return this.#attribute(of)
    if (name === 'Fn::Sub') return this.#sub(of)
    const list = Array.isArray(of) ? of : [of]
    if (name === 'Fn::Join') {
      const parts = this.resolve(list[1] ?? [])
      return Array.isArray(parts) ? parts.map(textOf).join(textOf(list[0])) : ''
    }
    if (name === 'Fn::If') {
      // Which way a stack goes is not known: the first that says something.
      const found = this.resolve(list[1] ?? null)
      return found === nothing ? this.resolve(list[2] ?? null) : found
    }
    if (name === 'Fn::Select') return this.#picked(list)
    return name.startsWith('Fn::') ? `${name.slice(4)}-value` : undefined
  }

  #picked([index, from]: readonly Json[]): Value {
    const values = this.resolve(from ?? [])
    return Array.isArray(values) ? (values[Number(index)] ?? '') : 'selected'
  }

  resolve(value: Json): Value {
    if (Array.isArray(value)) {
      return value.flatMap((one) => {
        const found = this.resolve(one)
        if (found === nothing) return []
        // Both branches of a condition may become part of a list of statements.
        const other = isMap(one) && Array.isArray(one['Fn::If']) ? this.resolve(one['Fn::If'][2] ?? null) : nothing
        return other === nothing ? [found] : [found, other]
      })
    }
    if (!isMap(value)) return value
    const called = functionOf(value)
    const result = called && this.#function(...called)
    if (result !== undefined) return result
    const entries = Object.entries(value).flatMap(([name, of]) => {
      const found = this.resolve(of)
      return found === nothing ? [] : [[name, found] as const]
    })
    return Object.fromEntries(entries)
  }
}

function strings(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.map(textOf) : []
}

function inlineOf({ Policies }: JsonMap): Json[] {
  return Array.isArray(Policies) ? [...Policies] : []
}

function attachedOf(own: JsonMap, more: readonly string[]): { PolicyArn: string }[] {
  return [...strings(own.ManagedPolicyArns), ...more].map((PolicyArn) => ({ PolicyArn }))
}

/** Policies that name whom they belong to, instead of standing at him. */
function given(resolver: Resolver, owner: 'Roles' | 'Users' | 'Groups', name: string) {
  const inline: Json[] = []
  const attached: string[] = []
  for (const { properties } of resolver.of('AWS::IAM::Policy'))
    if (strings(properties[owner]).includes(name)) inline.push(properties)
  for (const { name: logical, properties } of resolver.of('AWS::IAM::ManagedPolicy')) {
    if (strings(properties[owner]).includes(name)) attached.push(textOf(resolver.resolve({ Ref: logical })))
  }
  return { inline, attached }
}

function boundaryOf({ PermissionsBoundary }: JsonMap) {
  return PermissionsBoundary === undefined ? {} : { PermissionsBoundary: { PermissionsBoundaryArn: textOf(PermissionsBoundary) } }
}

function common(resolver: Resolver, owner: 'Roles' | 'Users' | 'Groups', name: string, kind: string, properties: JsonMap) {
  const more = given(resolver, owner, name)
  const path = textOf(properties.Path) || '/'
  return {
    Arn: `arn:aws:iam::${account}:${kind}${path}${name}`,
    Path: path,
    AttachedManagedPolicies: attachedOf(properties, more.attached),
    inline: [...inlineOf(properties), ...more.inline],
    Tags: properties.Tags ?? [],
    ...boundaryOf(properties),
  }
}

function groupsOf(resolver: Resolver, user: string, properties: JsonMap): string[] {
  const added = [...resolver.of('AWS::IAM::UserToGroupAddition')].filter((one) => strings(one.properties.Users).includes(user))
  return [...strings(properties.Groups), ...added.map((one) => textOf(one.properties.GroupName))]
}

function checkedTemplate(text: string, name: string): Template {
  const source = {
    name,
    code: 'audit-input-invalid',
    next: 'aws cloudformation validate-template --template-body file://TEMPLATE',
  } as const
  const template = readTemplate(text, source)
  if (template.resources.size > 0) return template
  throw new Problem(source.code, `${name} is not a CloudFormation template: it has no Resources.`, { next: source.next })
}

/** The IAM parts of a CloudFormation template, as an account that has nothing else. @throws Problem `audit-input-invalid` */
export function accountFromTemplate(text: string, name: string, now: number): Account {
  const resolver = new Resolver(checkedTemplate(text, name))
  const users = [...resolver.of('AWS::IAM::User')].map(({ name: logical, properties }) => {
    const userName = resolver.named(logical, 'UserName')
    const { inline, ...rest } = common(resolver, 'Users', userName, 'user', properties)
    return { ...rest, UserName: userName, UserPolicyList: inline, GroupList: groupsOf(resolver, userName, properties) }
  })
  const groups = [...resolver.of('AWS::IAM::Group')].map(({ name: logical, properties }) => {
    const groupName = resolver.named(logical, 'GroupName')
    const { inline, ...rest } = common(resolver, 'Groups', groupName, 'group', properties)
    return { ...rest, GroupName: groupName, GroupPolicyList: inline }
  })
  const profiles = [...resolver.of('AWS::IAM::InstanceProfile')]
  const roles = [...resolver.of('AWS::IAM::Role')].map(({ name: logical, properties }) => {
    const roleName = resolver.named(logical, 'RoleName')
    const { inline, ...rest } = common(resolver, 'Roles', roleName, 'role', properties)
    const InstanceProfileList = profiles
      .filter((profile) => strings(profile.properties.Roles).includes(roleName))
      .map((profile) => ({ Arn: `arn:aws:iam::${account}:instance-profile/${profile.name}` }))
    return {
      ...rest,
      RoleName: roleName,
      AssumeRolePolicyDocument: properties.AssumeRolePolicyDocument,
      RolePolicyList: inline,
      InstanceProfileList,
    }
  })
  const policies = [...resolver.of('AWS::IAM::ManagedPolicy')].map(({ name: logical, properties }) => ({
    Arn: textOf(resolver.resolve({ Ref: logical })),
    PolicyName: resolver.named(logical, 'ManagedPolicyName'),
    DefaultVersionId: 'v1',
    AttachmentCount: 1,
    PolicyVersionList: [{ VersionId: 'v1', IsDefaultVersion: true, Document: properties.PolicyDocument }],
  }))
  const details = checkedDetails(
    { UserDetailList: users, GroupDetailList: groups, RoleDetailList: roles, Policies: policies },
    name,
  )
  const found = accountFrom(details, { source: 'template', readAt: now })
  return { ...found, id: account }
}

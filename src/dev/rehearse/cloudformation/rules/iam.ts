import { isMap, type JsonMap } from '../../../../operations/cloudformation/index.ts'
import { at, listAt, mapsAt, quota, type Rule, type ServiceRules, shaped, textAt, textsAt } from './rule.ts'

const limits = 'https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html'
const deletePolicy = 'https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html'
const deleteRole = 'https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html'
const deleteGroup = 'https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteGroup.html'

/** IAM does not count white space. */
function characters(document: JsonMap[string] | undefined): number {
  return JSON.stringify(document ?? '').replaceAll(/\s/g, '').length
}

function atMostCharacters(path: string, most: number, message: string): Rule {
  return {
    source: limits,
    refuse: ({ properties }) => (characters(at(properties, path)) > most ? `${message}: ${most}` : undefined),
  }
}

/** All inline policies of one role or group together. */
function inlineAtMost(most: number): Rule {
  return {
    source: limits,
    refuse: ({ id, properties }) => {
      const sum = mapsAt(properties, 'Policies').reduce((total, { PolicyDocument }) => total + characters(PolicyDocument), 0)
      return sum > most ? `Maximum policy size of ${most} bytes exceeded for ${id}` : undefined
    },
  }
}

function attachedAtMost(key: 'policiesARole' | 'policiesAGroup', what: string): Rule {
  return {
    source: limits,
    refuse: ({ properties }, { quotas }) =>
      listAt(properties, 'ManagedPolicyArns').length > quotas[key]
        ? `Cannot exceed quota for ${what}: ${quotas[key]}`
        : undefined,
  }
}

const policiesExist: Rule = {
  source: 'https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html',
  refuse: ({ properties }, { inventory }) => {
    const named = [...textsAt(properties, 'ManagedPolicyArns'), textAt(properties, 'PermissionsBoundary')]
    const gone = named.find(
      (arn) => arn !== '' && !arn.startsWith('arn:aws:iam::aws:') && inventory.find('AWS::IAM::ManagedPolicy', arn) === undefined,
    )
    return gone && `Policy ${gone} does not exist or is not attachable.`
  },
}

/** Groups, roles and users that a managed policy attaches itself to. */
const attachesToExisting: Rule = {
  source: 'https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachGroupPolicy.html',
  refuse: ({ properties }, { inventory }) => {
    const gone = textsAt(properties, 'Groups').find((name) => inventory.find('AWS::IAM::Group', name) === undefined)
    return gone && `The group with name ${gone} cannot be found.`
  },
}

const notAttached: Rule = {
  source: deletePolicy,
  refuse: ({ id }, { inventory, facts }) => {
    const holder = inventory.holder(`"${id}"`, ['AWS::IAM::Role', 'AWS::IAM::Group', 'AWS::IAM::User'])
    const foreign = [...facts.attachments].find(([, policies]) => policies.has(id))?.[0]
    return holder || foreign ? `Cannot delete a policy attached to entities. (${holder?.id ?? foreign})` : undefined
  },
}

/** Policies that were attached outside CloudFormation, which does not detach them. */
const nothingForeignAttached: Rule = {
  source: deleteRole,
  refuse: ({ id }, { facts }) =>
    (facts.attachments.get(id)?.size ?? 0) > 0 ? 'Cannot delete entity, must detach all policies first.' : undefined,
}

/** A managed policy that names the group in `Groups` is attached to it. */
const noPolicyNamesIt: Rule = {
  source: deleteGroup,
  refuse: ({ id }, { inventory }) =>
    inventory.of('AWS::IAM::ManagedPolicy').some(({ properties }) => textsAt(properties, 'Groups').includes(id))
      ? 'Cannot delete entity, must detach all policies first.'
      : undefined,
}

const noMembers: Rule = {
  source: deleteGroup,
  refuse: ({ id }, { facts }) =>
    (facts.members.get(id)?.size ?? 0) > 0 ? 'Cannot delete entity, must remove users from group first.' : undefined,
}

const trusts: Rule = {
  source: 'https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html',
  refuse: ({ properties }) =>
    isMap(at(properties, 'AssumeRolePolicyDocument')) ? undefined : 'Model validation failed (AssumeRolePolicyDocument)',
}

export const iam: ServiceRules = {
  'AWS::IAM::Role': {
    name: 'RoleName',
    replaces: ['Path', 'RoleName'],
    create: [quota('roles', 'Cannot exceed quota for RolesPerAccount', limits)],
    valid: [
      shaped('RoleName', /^[\w+=,.@-]{1,64}$/, limits),
      trusts,
      inlineAtMost(10_240),
      atMostCharacters('AssumeRolePolicyDocument', 2_048, 'Cannot exceed quota for ACLSizePerRole'),
      attachedAtMost('policiesARole', 'PoliciesPerRole'),
      policiesExist,
    ],
    remove: [nothingForeignAttached],
  },
  'AWS::IAM::Group': {
    name: 'GroupName',
    replaces: ['GroupName'],
    valid: [
      shaped('GroupName', /^[\w+=,.@-]{1,128}$/, limits),
      inlineAtMost(5_120),
      attachedAtMost('policiesAGroup', 'PoliciesPerGroup'),
      policiesExist,
    ],
    remove: [noMembers, nothingForeignAttached, noPolicyNamesIt],
  },
  'AWS::IAM::ManagedPolicy': {
    name: 'ManagedPolicyName',
    replaces: ['Description', 'ManagedPolicyName', 'Path'],
    create: [quota('managedPolicies', 'Cannot exceed quota for PoliciesPerAccount', limits)],
    valid: [
      shaped('ManagedPolicyName', /^[\w+=,.@-]{1,128}$/, limits),
      atMostCharacters('PolicyDocument', 6_144, 'Cannot exceed quota for PolicySize'),
      attachesToExisting,
    ],
    remove: [notAttached],
  },
  'AWS::IAM::User': { name: 'UserName', replaces: ['UserName'], valid: [inlineAtMost(2_048)] },
  'AWS::IAM::Policy': { replaces: [] },
  'AWS::IAM::RolePolicy': { replaces: ['PolicyName', 'RoleName'] },
  'AWS::IAM::UserToGroupAddition': { replaces: [] },
  'AWS::IAM::InstanceProfile': { name: 'InstanceProfileName', replaces: ['InstanceProfileName', 'Path'] },
  'AWS::IAM::OIDCProvider': { replaces: ['Url'] },
}

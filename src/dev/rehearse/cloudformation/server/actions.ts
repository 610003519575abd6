import type { Account } from '../account.ts'
import { type ChangeSet, changeSetTypes } from '../change-sets.ts'
import type { PlannedChange } from '../plan.ts'
import { Refusal } from '../refusal.ts'
import { isInProgress, type Stack, type StackEvent, type StackResource } from '../stack.ts'
import type { Form } from './form.ts'
import { elements, members, pairs, type Written } from './xml.ts'

/** What the actions work with. */
export interface Serving {
  readonly account: Account
  /** A template that was uploaded to S3, by its URL. @throws Refusal */
  uploaded(url: string): string
  /** How many events happen between two polls. */
  readonly eventsAPoll: number
  /** AWS needs a moment to create a change set: its first description says so. */
  readonly described: Set<string>
}

/** Makes the content of the result. @throws Refusal */
export type Action = (form: Form, serving: Serving) => Written

const pageSize = 100
const iso = (ms: number): string => new Date(ms).toISOString()

/** One page of a list, and the token of the next one. */
function page<T>(form: Form, all: readonly T[]): { items: readonly T[]; NextToken: string | undefined } {
  const from = Number(form.get('NextToken') ?? 0)
  if (!Number.isSafeInteger(from) || from < 0) throw new Refusal('NextToken is not valid')
  const next = from + pageSize
  return { items: all.slice(from, next), NextToken: next < all.length ? String(next) : undefined }
}

function ofStack({ id, name, ...stack }: Stack): Written {
  const exports = new Map(Object.entries(stack.exports).map(([key, value]) => [value, key]))
  return elements({
    StackId: id,
    StackName: name,
    StackStatus: stack.status,
    StackStatusReason: stack.reason,
    CreationTime: iso(stack.createdAt),
    LastUpdatedTime: stack.changedAt === undefined ? undefined : iso(stack.changedAt),
    EnableTerminationProtection: String(stack.terminationProtection),
    Parameters: pairs(stack.parameters, 'ParameterKey', 'ParameterValue'),
    Tags: pairs(stack.tags, 'Key', 'Value'),
    Outputs: members(
      Object.entries(stack.outputs).map(([OutputKey, OutputValue]) =>
        elements({ OutputKey, OutputValue, ExportName: exports.get(OutputValue) }),
      ),
    ),
  })
}

const describeStacks: Action = (form, { account }) => {
  const name = form.get('StackName')
  if (name !== undefined) {
    const stack = account.stack(name)
    if (isInProgress(stack.status)) account.advance()
    return elements({ Stacks: members([ofStack(stack)]) })
  }
  account.advance()
  const { items, NextToken } = page(
    form,
    account.stacks.filter(({ status }) => status !== 'DELETE_COMPLETE'),
  )
  return elements({ Stacks: members(items.map(ofStack)), NextToken })
}

/**
 * The types that a template of apigw may import, with the property that identifies a resource
 * (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resource-import-supported-resources.html).
 */
const importIdentifiers: Readonly<Record<string, string>> = {
  'AWS::DynamoDB::Table': 'TableName',
  'AWS::ECR::Repository': 'RepositoryName',
  'AWS::Logs::LogGroup': 'LogGroupName',
  'AWS::S3::Bucket': 'BucketName',
  'AWS::SQS::Queue': 'QueueUrl',
  'AWS::SecretsManager::Secret': 'Id',
}

/** The value of an identifier. @throws Refusal if it does not identify a resource of the type */
function identifierOf(type: string, pairs: readonly (readonly [string, string])[]): string {
  const needed = Object.hasOwn(importIdentifiers, type) ? importIdentifiers[type] : undefined
  if (needed === undefined) throw new Refusal(`ResourceTypes [${type}] are not supported for Import`)
  const keys = pairs.filter(([key]) => key.endsWith('.key')).map(([, name]) => name)
  if (keys.length !== 1 || keys[0] !== needed) {
    throw new Refusal(`Invalid resource identifiers [${keys.join(', ')}] for ${type}: [${needed}] is required`)
  }
  return pairs.find(([key]) => key.endsWith('.value'))?.[1] ?? ''
}

/** ResourcesToImport: an identifier has one value for every type that a template of apigw names. @throws Refusal */
function imported(form: Form): Map<string, string> {
  const found = new Map<string, string>()
  for (let at = 1; at <= form.count('ResourcesToImport'); at++) {
    const id = form.get(`ResourcesToImport.member.${at}.LogicalResourceId`) ?? ''
    const type = form.get(`ResourcesToImport.member.${at}.ResourceType`) ?? ''
    found.set(id, identifierOf(type, form.below('ResourcesToImport', at, 'ResourceIdentifier')))
  }
  return found
}

function parametersOf(form: Form, before: Stack | undefined): Record<string, string> {
  const sent = form.pairs('Parameters', 'ParameterKey', 'ParameterValue')
  return Object.fromEntries(sent.map(([key, value]) => [key, value ?? before?.parameters[key] ?? '']))
}

const createChangeSet: Action = (form, { account, uploaded }) => {
  const stackName = form.needed('StackName')
  const asked = form.get('ChangeSetType') ?? 'UPDATE'
  const type = changeSetTypes.find((one) => one === asked)
  if (type === undefined) throw new Refusal(`Value '${asked}' at 'changeSetType' failed to satisfy constraint`)
  const before = account.find(stackName)
  const url = form.get('TemplateURL')
  const previous = form.get('UsePreviousTemplate') === 'true' ? before?.templateBody : undefined
  const set = account.createChangeSet({
    stackName: before?.name ?? stackName,
    changeSetName: form.needed('ChangeSetName'),
    type,
    templateBody: url === undefined ? (previous ?? form.needed('TemplateBody')) : uploaded(url),
    uploaded: url !== undefined || previous !== undefined,
    parameters: parametersOf(form, before),
    tags: Object.fromEntries(form.pairs('Tags', 'Key', 'Value').map(([key, value]) => [key, value ?? ''])),
    capabilities: form.texts('Capabilities'),
    imported: imported(form),
  })
  return elements({ Id: set.id, StackId: set.stackId })
}

function ofChange({ action, logicalId, type, physicalId, replaces, properties, policyAction }: PlannedChange): Written {
  const details = properties.map((Name) => elements({ Target: elements({ Attribute: 'Properties', Name }) }))
  return elements({
    Type: 'Resource',
    ResourceChange: elements({
      Action: action,
      LogicalResourceId: logicalId,
      PhysicalResourceId: physicalId,
      ResourceType: type,
      Replacement: action === 'Modify' ? (replaces ? 'True' : 'False') : undefined,
      PolicyAction: policyAction,
      Details: members(details),
    }),
  })
}

function changeSetOf(form: Form, account: Account): ChangeSet {
  return account.changeSet(form.needed('ChangeSetName'), form.get('StackName'))
}

const describeChangeSet: Action = (form, { account, described }) => {
  const { id, name, stackId, status, reason, desired } = changeSetOf(form, account)
  const common = { ChangeSetId: id, ChangeSetName: name, StackId: stackId, StackName: account.stack(stackId).name }
  if (!described.has(id)) {
    described.add(id)
    return elements({ ...common, Status: 'CREATE_IN_PROGRESS' })
  }
  const { items, NextToken } = page(form, [...(desired?.plan.changes.values() ?? [])])
  const changes = status === 'FAILED' ? [] : items.map(ofChange)
  return elements({ ...common, Status: status, StatusReason: reason, Changes: members(changes), NextToken })
}

function ofEvent(stack: Stack, event: StackEvent): Written {
  return elements({
    EventId: event.id,
    StackId: stack.id,
    StackName: stack.name,
    LogicalResourceId: event.logicalId,
    PhysicalResourceId: event.physicalId,
    ResourceType: event.type,
    ResourceStatus: event.status,
    ResourceStatusReason: event.reason,
    ClientRequestToken: event.token,
    Timestamp: iso(event.at),
  })
}

const describeStackEvents: Action = (form, { account, eventsAPoll }) => {
  const stack = account.stack(form.needed('StackName'))
  if (form.get('NextToken') === undefined) account.advance(eventsAPoll)
  const { items, NextToken } = page(form, stack.events.toReversed())
  return elements({ StackEvents: members(items.map((event) => ofEvent(stack, event))), NextToken })
}

function ofResource(stack: Stack, resource: StackResource): Record<string, string | undefined> {
  return {
    StackName: stack.name,
    StackId: stack.id,
    LogicalResourceId: resource.logicalId,
    PhysicalResourceId: resource.physicalId,
    ResourceType: resource.type,
    ResourceStatus: resource.status,
    ResourceStatusReason: resource.reason,
  }
}

/** The stack that has a resource. @throws Refusal if none has it */
function stackWith(physicalId: string, account: Account): Stack {
  const owner = account.stacks.find(
    ({ status, resources }) =>
      status !== 'DELETE_COMPLETE' && [...resources.values()].some((one) => one.physicalId === physicalId),
  )
  if (owner === undefined) throw new Refusal(`Stack for ${physicalId} does not exist`)
  return owner
}

const describeStackResources: Action = (form, { account }) => {
  const physicalId = form.get('PhysicalResourceId')
  const stack = physicalId === undefined ? account.stack(form.needed('StackName')) : stackWith(physicalId, account)
  const wanted = form.get('LogicalResourceId')
  const found = [...stack.resources.values()].filter(({ logicalId }) => wanted === undefined || logicalId === wanted)
  const list = found.map((one) => elements({ ...ofResource(stack, one), Timestamp: iso(account.now) }))
  return elements({ StackResources: members(list) })
}

const listStackResources: Action = (form, { account }) => {
  const stack = account.stack(form.needed('StackName'))
  const { items, NextToken } = page(form, [...stack.resources.values()])
  const list = items.map((one) => elements({ ...ofResource(stack, one), LastUpdatedTimestamp: iso(account.now) }))
  return elements({ StackResourceSummaries: members(list), NextToken })
}

const listExports: Action = (form, { account }) => {
  const { items, NextToken } = page(form, account.exports())
  const list = items.map(({ name, value, stackId }) => elements({ Name: name, Value: value, ExportingStackId: stackId }))
  return elements({ Exports: members(list), NextToken })
}

const listImports: Action = (form, { account }) => {
  const name = form.needed('ExportName')
  const stacks = account.importersOf(name)
  if (stacks.length === 0) throw new Refusal(`Export '${name}' is not imported by any stack.`)
  return elements({ Imports: members(stacks) })
}

const nothing = elements({})

/** The actions that apigw calls, and those that its advice names. */
export const actions: Readonly<Record<string, Action>> = {
  CreateChangeSet: createChangeSet,
  DescribeChangeSet: describeChangeSet,
  ListChangeSets: (form, { account }) => {
    const sets = account.changeSetsOf(account.stack(form.needed('StackName')).id)
    return elements({
      Summaries: members(sets.map(({ id, name, status }) => elements({ ChangeSetId: id, ChangeSetName: name, Status: status }))),
    })
  },
  DeleteChangeSet: (form, { account }) => {
    account.deleteChangeSet(changeSetOf(form, account))
    return nothing
  },
  ExecuteChangeSet: (form, { account }) => {
    account.execute(changeSetOf(form, account), form.get('ClientRequestToken'), {
      retainExceptOnCreate: form.get('RetainExceptOnCreate') === 'true',
      disableRollback: form.get('DisableRollback') === 'true',
    })
    return nothing
  },
  DescribeStacks: describeStacks,
  DescribeStackEvents: describeStackEvents,
  DescribeStackResources: describeStackResources,
  ListStackResources: listStackResources,
  GetTemplate: (form, { account }) => elements({ TemplateBody: account.stack(form.needed('StackName')).templateBody }),
  DeleteStack: (form, { account }) => {
    // A stack that does not exist counts as deleted.
    const stack = account.find(form.needed('StackName'))
    if (stack !== undefined) account.delete(stack, form.get('ClientRequestToken'), new Set(form.texts('RetainResources')))
    return nothing
  },
  ContinueUpdateRollback: (form, { account }) => {
    const skipped = new Set(form.texts('ResourcesToSkip'))
    account.continueRollback(account.stack(form.needed('StackName')), form.get('ClientRequestToken'), skipped)
    return nothing
  },
  RollbackStack: (form, { account }) => {
    const stack = account.stack(form.needed('StackName'))
    account.rollBack(stack, form.get('ClientRequestToken'))
    return elements({ StackId: stack.id })
  },
  UpdateTerminationProtection: (form, { account }) => {
    const stack = account.stack(form.needed('StackName'))
    stack.terminationProtection = form.needed('EnableTerminationProtection') === 'true'
    return elements({ StackId: stack.id })
  },
  ListExports: listExports,
  ListImports: listImports,
}

import { parse } from 'yaml'
import type { Answer, Asked, RestAnswer, Sent } from './aws-server.ts'
import { fields, members } from './aws-server.ts'

/** Stack events: resource, type, status and reason. The stack itself is the resource `.`. */
export type Said = readonly [resource: string, type: string, status: string, reason?: string | undefined]

/** How the next execution or deletion of a stack goes, if not well. */
export interface Script {
  /** Replaces the result of the comparison of the templates. */
  readonly changes?: readonly Readonly<Record<string, string>>[]
  readonly says?: readonly Said[]
  /** The final status of the stack, and the reason. */
  readonly ends?: readonly [status: string, reason?: string | undefined]
}

/** What a detection of drift finds in a stack. */
export interface FakeDrift {
  /** Polls before it ends. */
  readonly polls?: number
  readonly ends?: readonly [status: string, reason?: string]
  /** Whether another detection is in progress. */
  readonly busy?: boolean
  readonly resources?: readonly {
    readonly id: string
    readonly type: string
    readonly status: string
    readonly differences?: readonly (readonly [path: string, expected: string, actual: string])[]
  }[]
}

interface Event {
  readonly id: string
  readonly said: Said
  readonly token: string | undefined
}

export interface FakeStack {
  readonly name: string
  readonly id: string
  status: string
  reason: string | undefined
  template: string
  parameters: Record<string, string>
  tags: Readonly<Record<string, string>>
  isProtected: boolean
  /** Newest first. */
  events: Event[]
  /** Events to come, one per poll. */
  coming: (readonly [said: Said, token: string | undefined])[]
  script: Script
}

interface FakeChangeSet {
  readonly id: string
  readonly stack: FakeStack
  readonly template: string
  readonly parameters: Record<string, string>
  readonly changes: readonly Readonly<Record<string, string>>[]
  readonly failed: string | undefined
  looked: boolean
  readonly type: string | null
  readonly tags: Readonly<Record<string, string>>
}

interface Template {
  readonly Resources?: Record<string, { Type: string; DeletionPolicy?: string }>
  readonly Outputs?: Record<string, { Value: unknown; Export?: unknown }>
  readonly Parameters?: Record<string, { Default?: unknown }>
}

const account = '123456789012'
const pageSize = 2
const quiet = { logLevel: 'silent' } as const
const stackType = 'AWS::CloudFormation::Stack'
/** A stack that was never created completely has no outputs. */
const neverMade = /^(?:REVIEW_IN_PROGRESS|CREATE_IN_PROGRESS|CREATE_FAILED|ROLLBACK_.*)$/
const unchanged = "The submitted information didn't contain changes. Submit different information to create a change set."

function pairs(parameters: URLSearchParams, list: string, key: string, value: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (let at = 1; parameters.has(`${list}.member.${at}.${key}`); at++) {
    found[parameters.get(`${list}.member.${at}.${key}`) ?? ''] = parameters.get(`${list}.member.${at}.${value}`) ?? ''
  }
  return found
}

/**
 * CloudFormation in memory, as `query` of an AWS server: change sets that take a moment, pages of two, events that come
 * one by one with each poll, and scripted failures. It never creates a resource.
 */
export class FakeCloudFormation {
  readonly stacks = new Map<string, FakeStack>()
  readonly #sets = new Map<string, FakeChangeSet>()
  readonly #perLook: number
  /** Reads a template that was uploaded, by its URL. */
  templateAt: (url: string) => string | undefined = () => undefined
  #count = 0

  /** @param perLook how many events happen between two polls */
  constructor(perLook = 1) {
    this.#perLook = perLook
  }

  /** A stack that exists before the test. */
  put(name: string, more: Partial<FakeStack> = {}): FakeStack {
    this.#count += 1
    const id = `arn:aws:cloudformation:ap-northeast-2:${account}:stack/${name}/${this.#count}`
    const stack: FakeStack = {
      name,
      id,
      status: 'CREATE_COMPLETE',
      reason: undefined,
      template: 'Resources: {}',
      parameters: {},
      // Of the stage in its name.
      tags: { 'apigw:stage': name.split('-')[1] ?? '' },
      isProtected: false,
      events: [],
      coming: [],
      script: {},
      ...more,
    }
    this.stacks.set(name, stack)
    return stack
  }

  /** How the next change of a stack goes, including a stack that does not exist yet. */
  readonly scripts = new Map<string, Script>()

  /** Outputs of stacks by name, instead of those in their templates: functions are not evaluated. */
  readonly outputs = new Map<string, Readonly<Record<string, string>>>()

  /** What a detection of drift finds, by the name of the stack. */
  readonly drifts = new Map<string, FakeDrift>()
  readonly #detections = new Map<string, { drift: FakeDrift; polls: number }>()

  get changeSets(): number {
    return this.#sets.size
  }

  readonly query: Readonly<Record<string, Answer>> = {
    GetCallerIdentity: fields({ Account: account, Arn: `arn:aws:iam::${account}:user/jane`, UserId: 'AIDA1' }),
    DescribeStacks: (asked) => this.#describe(asked),
    CreateChangeSet: (asked) => this.#createSet(asked),
    DescribeChangeSet: (asked) => this.#describeSet(asked),
    ListChangeSets: (asked) => this.#listSets(asked),
    DeleteChangeSet: ({ parameters }) => {
      this.#sets.delete(parameters.get('ChangeSetName') ?? '')
      return ''
    },
    ExecuteChangeSet: (asked) => this.#execute(asked),
    DescribeStackEvents: (asked) => this.#events(asked),
    DetectStackDrift: ({ parameters }) => this.#with(parameters, (stack) => this.#detect(stack)),
    DescribeStackDriftDetectionStatus: ({ parameters }) => this.#detection(parameters.get('StackDriftDetectionId') ?? ''),
    DescribeStackResourceDrifts: ({ parameters }) => this.#with(parameters, (stack) => this.#drifted(stack, parameters)),
    DeleteStack: (asked) => this.#delete(asked),
    UpdateTerminationProtection: ({ parameters }) =>
      this.#with(parameters, (stack) => {
        stack.isProtected = parameters.get('EnableTerminationProtection') === 'true'
        return fields({ StackId: stack.id })
      }),
    GetTemplate: ({ parameters }) => this.#with(parameters, ({ template }) => fields({ TemplateBody: template })),
    ListStackResources: (asked) => this.#resources(asked),
    DescribeStackResources: ({ parameters }) =>
      this.#with(parameters, ({ events }) => {
        const failed = events.filter(({ said }) => said[2].endsWith('_FAILED') && said[0] !== '.')
        const list = failed.map(({ said: [id, type, status, reason] }) =>
          fields({ LogicalResourceId: id, ResourceType: type, ResourceStatus: status, ResourceStatusReason: reason }),
        )
        return fields({ StackResources: members(...list) })
      }),
  }

  #with(parameters: URLSearchParams, work: (stack: FakeStack) => Answer): Answer {
    const wanted = parameters.get('StackName') ?? ''
    const stack = [...this.stacks.values()].find(({ name, id }) => name === wanted || id === wanted)
    if (stack === undefined || (stack.status === 'DELETE_COMPLETE' && wanted === stack.name)) {
      return { error: 'ValidationError', message: `Stack with id ${wanted} does not exist`, status: 400 }
    }
    return work(stack)
  }

  #outputs({ template, name, status }: FakeStack): string {
    if (neverMade.test(status)) return ''
    const said = this.outputs.get(name)
    if (said !== undefined) {
      return members(...Object.entries(said).map(([OutputKey, OutputValue]) => fields({ OutputKey, OutputValue })))
    }
    const { Outputs = {} }: Template = parse(template, quiet) ?? {}
    const list = Object.entries(Outputs).map(([key, { Value }]) => fields({ OutputKey: key, OutputValue: `${name}:${Value}` }))
    return members(...list)
  }

  #describe({ parameters }: Asked): Answer {
    const one = (stack: FakeStack): string =>
      fields({
        StackName: stack.name,
        StackId: stack.id,
        StackStatus: stack.status,
        StackStatusReason: stack.reason,
        EnableTerminationProtection: String(stack.isProtected),
        CreationTime: '2026-11-24T00:00:00Z',
        Outputs: this.#outputs(stack),
        Tags: members(...Object.entries(stack.tags).map(([Key, Value]) => fields({ Key, Value }))),
        Parameters: members(
          ...Object.entries(allParameters(stack)).map(([key, value]) => fields({ ParameterKey: key, ParameterValue: value })),
        ),
      })
    if (parameters.has('StackName')) {
      return this.#with(parameters, (stack) => fields({ Stacks: members(one(stack)) }))
    }
    const alive = [...this.stacks.values()].filter(({ status }) => status !== 'DELETE_COMPLETE')
    return fields({ Stacks: members(...alive.map(one)) })
  }

  #createSet({ parameters }: Asked): Answer {
    const name = parameters.get('StackName') ?? ''
    const type = parameters.get('ChangeSetType')
    const old = this.stacks.get(name)
    const known = old !== undefined && old.status !== 'DELETE_COMPLETE' && old.status !== 'REVIEW_IN_PROGRESS'
    if (type !== 'IMPORT' && known !== (type === 'UPDATE')) {
      return { error: 'ValidationError', message: `Stack [${name}] cannot be ${type} from here`, status: 400 }
    }
    if (old?.status.endsWith('ROLLBACK_COMPLETE') && !old.status.startsWith('UPDATE')) {
      return {
        error: 'ValidationError',
        message: `Stack:${old.id} is in ${old.status} state and can not be updated.`,
        status: 400,
      }
    }
    const shell = old?.status === 'REVIEW_IN_PROGRESS' ? old : undefined
    const stack = known ? old : (shell ?? this.put(name, { status: 'REVIEW_IN_PROGRESS' }))
    const url = parameters.get('TemplateURL') ?? ''
    const template = parameters.get('TemplateBody') ?? this.templateAt(url) ?? `{"TemplateURL":"${url}"}`
    const given = pairs(parameters, 'Parameters', 'ParameterKey', 'ParameterValue')
    const tags = pairs(parameters, 'Tags', 'Key', 'Value')
    const script = this.scripts.get(name) ?? {}
    const imported = pairs(parameters, 'ResourcesToImport', 'LogicalResourceId', 'ResourceType')
    const changes =
      type === 'IMPORT'
        ? Object.entries(imported).map(([id, of]) => ({ Action: 'Import', LogicalResourceId: id, ResourceType: of }))
        : (script.changes ?? this.#compare(stack, template))
    const alone = this.#alone(stack, template, Object.keys(imported))
    if (type === 'IMPORT' && !alone) return { error: 'ValidationError', message: 'An import changes nothing else', status: 400 }
    const same = known && changes.length === 0 && template === stack.template && sameValues(given, stack.parameters)
    this.#count += 1
    const id = `arn:aws:cloudformation:ap-northeast-2:${account}:changeSet/${parameters.get('ChangeSetName')}/${this.#count}`
    this.#sets.set(id, {
      id,
      stack,
      template,
      parameters: given,
      changes,
      failed: same ? unchanged : undefined,
      looked: false,
      type,
      tags,
    })
    return fields({ Id: id, StackId: stack.id })
  }

  /** Whether a template is the deployed one with nothing but some resources added or defined in another way. */
  #alone(stack: FakeStack, template: string, imported: readonly string[]): boolean {
    const { Resources: before = {}, Outputs: outputs = {} }: Template =
      (stack.status === 'REVIEW_IN_PROGRESS' ? {} : parse(stack.template, quiet)) ?? {}
    const { Resources: after = {}, Outputs: later = {} }: Template = parse(template, quiet) ?? {}
    const others = Object.keys(after).filter((id) => !imported.includes(id))
    const kept = Object.keys(before).every((id) => after[id] !== undefined)
    return kept && others.every((id) => before[id] !== undefined) && Object.keys(later).join() === Object.keys(outputs).join()
  }

  /** Resources of templates that stacks do not have, because of a condition: conditions are not evaluated. */
  absent: ReadonlySet<string> = new Set()

  /** Names of queues that exist. */
  readonly queues = new Set<string>()

  /** SQS, asked for the URL of a queue. */
  readonly rest = ({ headers, body }: Sent): RestAnswer | undefined => {
    if (headers['x-amz-target'] !== 'AmazonSQS.GetQueueUrl') return undefined
    const type = 'application/x-amz-json-1.0'
    const { QueueName: name = '' }: { QueueName?: string } = JSON.parse(body)
    if (!this.queues.has(name)) {
      return {
        status: 400,
        type,
        body: JSON.stringify({ __type: 'com.amazonaws.sqs#QueueDoesNotExist', message: 'no such queue' }),
      }
    }
    return {
      status: 200,
      type,
      body: JSON.stringify({ QueueUrl: `https://sqs.ap-northeast-2.amazonaws.com/${account}/${name}` }),
    }
  }

  #compare(stack: FakeStack, template: string): Readonly<Record<string, string>>[] {
    const { Resources: before = {} }: Template = (stack.status === 'REVIEW_IN_PROGRESS' ? {} : parse(stack.template, quiet)) ?? {}
    const { Resources: after = {} }: Template = parse(template, quiet) ?? {}
    const changes: Record<string, string>[] = []
    for (const [id, resource] of Object.entries(after)) {
      const old = before[id]
      const common = { LogicalResourceId: id, ResourceType: resource.Type }
      if (old === undefined) changes.push({ Action: 'Add', ...common })
      else if (JSON.stringify(old) !== JSON.stringify(resource))
        changes.push({ Action: 'Modify', Replacement: 'False', ...common })
    }
    for (const [id, { Type }] of Object.entries(before)) {
      if (after[id] === undefined)
        changes.push({ Action: 'Remove', LogicalResourceId: id, ResourceType: Type, PolicyAction: 'Delete' })
    }
    return changes
  }

  #describeSet({ parameters }: Asked): Answer {
    const set = this.#sets.get(parameters.get('ChangeSetName') ?? '')
    if (set === undefined) return { error: 'ChangeSetNotFound', status: 404 }
    // AWS needs some seconds to create one.
    const making = !set.looked
    set.looked = true
    if (making) return fields({ ChangeSetId: set.id, Status: 'CREATE_IN_PROGRESS' })
    if (set.failed !== undefined) return fields({ ChangeSetId: set.id, Status: 'FAILED', StatusReason: set.failed })
    const from = Number(parameters.get('NextToken') ?? 0)
    const page = set.changes.slice(from, from + pageSize)
    return fields({
      ChangeSetId: set.id,
      Status: 'CREATE_COMPLETE',
      Changes: members(...page.map((change) => fields({ Type: 'Resource', ResourceChange: fields(change) }))),
      NextToken: from + pageSize < set.changes.length ? String(from + pageSize) : undefined,
    })
  }

  #listSets({ parameters }: Asked): Answer {
    return this.#with(parameters, (stack) => {
      const sets = [...this.#sets.values()].filter((set) => set.stack === stack)
      return fields({ Summaries: members(...sets.map(({ id }) => fields({ ChangeSetId: id }))) })
    })
  }

  #execute({ parameters }: Asked): Answer {
    const set = this.#sets.get(parameters.get('ChangeSetName') ?? '')
    if (set === undefined) return { error: 'ChangeSetNotFound', status: 404 }
    const { stack } = set
    const token = parameters.get('ClientRequestToken') ?? undefined
    const fresh = stack.status === 'REVIEW_IN_PROGRESS' ? 'CREATE' : 'UPDATE'
    const verb = set.type === 'IMPORT' ? 'IMPORT' : fresh
    const script = this.scripts.get(stack.name) ?? {}
    const says = script.says ?? set.changes.flatMap((change): Said[] => stepsOf(change, verb))
    this.#start(stack, verb, says, script.ends ?? [`${verb}_COMPLETE`], token)
    if (script.ends === undefined) {
      stack.template = set.template
      stack.parameters = set.parameters
      stack.tags = set.tags
    }
    this.#sets.clear()
    return ''
  }

  /** AWS writes the first event at once; the others appear with each poll. */
  #start(
    stack: FakeStack,
    verb: string,
    says: readonly Said[],
    ends: NonNullable<Script['ends']>,
    token: string | undefined,
  ): void {
    const [status, reason] = ends
    stack.coming = [...says, ['.', stackType, status, reason] as const].map((said) => [said, token] as const)
    this.#say(stack, ['.', stackType, `${verb}_IN_PROGRESS`], token)
    this.scripts.delete(stack.name)
  }

  #say(stack: FakeStack, said: Said, token: string | undefined): void {
    this.#count += 1
    stack.events.unshift({ id: `e${this.#count}`, said, token })
    if (said[0] !== '.') return
    stack.status = said[2]
    stack.reason = said[3]
  }

  #events({ parameters }: Asked): Answer {
    return this.#with(parameters, (stack) => {
      const from = Number(parameters.get('NextToken') ?? 0)
      for (const next of from === 0 ? stack.coming.splice(0, this.#perLook) : []) this.#say(stack, ...next)
      const page = stack.events.slice(from, from + pageSize)
      const list = page.map(({ id, said: [resource, type, status, reason], token }) =>
        fields({
          EventId: id,
          StackId: stack.id,
          StackName: stack.name,
          LogicalResourceId: resource === '.' ? stack.name : resource,
          PhysicalResourceId: resource === '.' ? stack.id : `${resource.toLowerCase()}-1`,
          ResourceType: type,
          ResourceStatus: status,
          ResourceStatusReason: reason,
          ClientRequestToken: token,
          Timestamp: '2026-11-24T01:02:03Z',
        }),
      )
      const more = from + pageSize < stack.events.length
      return fields({ StackEvents: members(...list), NextToken: more ? String(from + pageSize) : undefined })
    })
  }

  #detect({ name }: FakeStack): Answer {
    const drift = this.drifts.get(name) ?? {}
    if (drift.busy)
      return { error: 'ValidationError', message: 'Drift detection is already in progress for this stack', status: 400 }
    this.#count += 1
    this.#detections.set(`detection-${this.#count}`, { drift, polls: 0 })
    return fields({ StackDriftDetectionId: `detection-${this.#count}` })
  }

  #detection(id: string): Answer {
    const detection = this.#detections.get(id)
    if (detection === undefined) return { error: 'ValidationError', message: `${id} does not exist`, status: 400 }
    const { drift } = detection
    const [DetectionStatus, DetectionStatusReason] =
      detection.polls++ < (drift.polls ?? 1) ? ['DETECTION_IN_PROGRESS'] : (drift.ends ?? ['DETECTION_COMPLETE'])
    return fields({ StackDriftDetectionId: id, DetectionStatus, DetectionStatusReason })
  }

  #drifted({ name }: FakeStack, parameters: URLSearchParams): Answer {
    const all = this.drifts.get(name)?.resources ?? []
    const wanted = [...parameters].flatMap(([key, value]) => (key.startsWith('StackResourceDriftStatusFilters') ? [value] : []))
    const found = all.filter(({ status }) => wanted.includes(status))
    const from = Number(parameters.get('NextToken') ?? 0)
    const list = found.slice(from, from + pageSize).map(({ id, type, status, differences = [] }) =>
      fields({
        LogicalResourceId: id,
        PhysicalResourceId: `${id.toLowerCase()}-1`,
        ResourceType: type,
        StackResourceDriftStatus: status,
        PropertyDifferences: members(
          ...differences.map(([PropertyPath, ExpectedValue, ActualValue]) =>
            fields({ PropertyPath, ExpectedValue, ActualValue, DifferenceType: 'NOT_EQUAL' }),
          ),
        ),
      }),
    )
    const more = from + pageSize < found.length
    return fields({ StackResourceDrifts: members(...list), NextToken: more ? String(from + pageSize) : undefined })
  }

  #delete({ parameters }: Asked): Answer {
    return this.#with(parameters, (stack) => {
      if (stack.isProtected) {
        const message = `Stack [${stack.name}] cannot be deleted while TerminationProtection is enabled`
        return { error: 'ValidationError', message, status: 400 }
      }
      if (stack.status === 'REVIEW_IN_PROGRESS') {
        this.stacks.delete(stack.name)
        return ''
      }
      const script = this.scripts.get(stack.name) ?? {}
      const { Resources = {} }: Template = parse(stack.template, quiet) ?? {}
      const says = Object.entries(Resources).map(
        ([id, { Type, DeletionPolicy }]): Said => [id, Type, DeletionPolicy === 'Retain' ? 'DELETE_SKIPPED' : 'DELETE_COMPLETE'],
      )
      const token = parameters.get('ClientRequestToken') ?? undefined
      this.#start(stack, 'DELETE', script.says ?? says, script.ends ?? ['DELETE_COMPLETE'], token)
      return ''
    })
  }

  #resources({ parameters }: Asked): Answer {
    return this.#with(parameters, ({ template }) => {
      const { Resources = {} }: Template = parse(template, quiet) ?? {}
      const all = Object.entries(Resources).filter(([id]) => !this.absent.has(id))
      const from = Number(parameters.get('NextToken') ?? 0)
      const list = all.slice(from, from + pageSize).map(([id, { Type }]) =>
        fields({
          LogicalResourceId: id,
          ResourceType: Type,
          PhysicalResourceId: `${id.toLowerCase()}-1`,
          ResourceStatus: 'CREATE_COMPLETE',
          LastUpdatedTimestamp: '2026-11-24T00:00:00Z',
        }),
      )
      const more = from + pageSize < all.length
      return fields({
        StackResourceSummaries: members(...list),
        NextToken: more ? String(from + pageSize) : undefined,
      })
    })
  }
}

/** What AWS shows of a stack: also the parameters that have their defaults. */
function allParameters({ template, parameters }: FakeStack): Record<string, string> {
  const { Parameters = {} }: Template = parse(template, quiet) ?? {}
  const defaults = Object.entries(Parameters ?? {}).flatMap(([name, { Default }]) =>
    Default === undefined ? [] : [[name, String(Default)]],
  )
  return { ...Object.fromEntries(defaults), ...parameters }
}

function sameValues(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  return JSON.stringify(Object.entries(one).sort()) === JSON.stringify(Object.entries(other).sort())
}

/** CloudFormation reports "in progress" twice: at the start, and when the resource has a name. */
function stepsOf(
  { Action, LogicalResourceId: id = '', ResourceType: type = '' }: Readonly<Record<string, string>>,
  verb: string,
): Said[] {
  const word = Action === 'Add' ? 'CREATE' : Action === 'Remove' ? 'DELETE' : verb
  return [
    [id, type, `${word}_IN_PROGRESS`],
    [id, type, `${word}_IN_PROGRESS`, 'Resource creation Initiated'],
    [id, type, `${word}_COMPLETE`],
  ]
}

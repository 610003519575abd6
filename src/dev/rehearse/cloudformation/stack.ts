import type { JsonMap } from '../../../operations/cloudformation/index.ts'

/** A resource of a stack. */
export interface StackResource {
  readonly logicalId: string
  readonly type: string
  readonly physicalId: string
  readonly resolvedId: string
  readonly properties: JsonMap
  readonly deletionPolicy: string | undefined
  readonly updateReplacePolicy: string | undefined
  readonly updatePolicy: JsonMap | undefined
  readonly dependsOn: readonly string[]
  readonly status: string
  readonly reason: string | undefined
}

export interface StackEvent {
  readonly id: string
  /** The stack's own name for events of the stack. */
  readonly logicalId: string
  readonly physicalId: string
  readonly type: string
  readonly status: string
  readonly reason: string | undefined
  readonly token: string | undefined
  /** Milliseconds since 1970. */
  readonly at: number
}

/** What an update did to a resource, so that a rollback can undo it. */
export interface Done {
  readonly logicalId: string
  readonly before: StackResource | undefined
  readonly after: StackResource
}

export interface Stack {
  readonly name: string
  readonly id: string
  status: string
  reason: string | undefined
  templateBody: string
  parameters: Readonly<Record<string, string>>
  tags: Readonly<Record<string, string>>
  resources: Map<string, StackResource>
  outputs: Readonly<Record<string, string>>
  exports: Readonly<Record<string, string>>
  imports: readonly string[]
  terminationProtection: boolean
  /** Oldest first. */
  readonly events: StackEvent[]
  readonly createdAt: number
  changedAt: number | undefined
  /** What an update has done; a failed rollback continues with it. */
  undo: Done[]
}

export const stackType = 'AWS::CloudFormation::Stack'

/** Statuses in which a stack can be updated (CloudFormation guide, "Stack status codes"). */
export const updatable = new Set([
  'CREATE_COMPLETE',
  'UPDATE_COMPLETE',
  'UPDATE_ROLLBACK_COMPLETE',
  'IMPORT_COMPLETE',
  'IMPORT_ROLLBACK_COMPLETE',
])

export function isInProgress(status: string): boolean {
  return status.endsWith('_IN_PROGRESS') && status !== 'REVIEW_IN_PROGRESS'
}

/** A stack that has only change sets. */
export function stackInReview(name: string, id: string, createdAt: number): Stack {
  return {
    name,
    id,
    status: 'REVIEW_IN_PROGRESS',
    reason: undefined,
    templateBody: '',
    parameters: {},
    tags: {},
    resources: new Map(),
    outputs: {},
    exports: {},
    imports: [],
    terminationProtection: false,
    events: [],
    createdAt,
    changedAt: undefined,
    undo: [],
  }
}

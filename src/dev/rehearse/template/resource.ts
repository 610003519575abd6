import type { Json, JsonMap } from '../../../operations/cloudformation/index.ts'

/** Where the stacks of a rehearsal stand. */
export interface Place {
  /** Of twelve digits. */
  readonly account: string
  readonly region: string
}

/** A resource of a template with every function in it resolved, as CloudFormation sends it to its service. */
export interface Resource {
  /** The name of the stack, such as `apigw-prod-data`. */
  readonly stack: string
  readonly logicalId: string
  readonly type: string
  /** What `Ref` gives. */
  readonly physicalId: string
  readonly properties: JsonMap
  readonly deletionPolicy: string | undefined
  readonly updateReplacePolicy: string | undefined
  /** `UpdatePolicy`; undefined if it has none, or takes `AWS::NoValue`. */
  readonly updatePolicy: JsonMap | undefined
  /** The logical ids of what has to exist before it, named by `DependsOn` or by a function in it. */
  readonly dependsOn: readonly string[]
  /** A value of `Fn::GetAtt`. @throws Unresolvable if the type has no such attribute */
  attribute(name: string): Json
}

/** What a template makes of its parameters. */
export interface ResolvedStack {
  readonly name: string
  readonly parameters: Readonly<Record<string, string>>
  /** Of those resources whose condition is true, in the order of the template. */
  readonly resources: ReadonlyMap<string, Resource>
  readonly outputs: Readonly<Record<string, string>>
  /** By the name of the export. */
  readonly exports: Readonly<Record<string, string>>
  /** The names of the exports of other stacks that the template imports. */
  readonly imports: readonly string[]
}

/** A template that CloudFormation would refuse, and where. */
export class Unresolvable extends Error {
  /** Such as `Resources.Database.Properties.Engine`. */
  readonly place: string

  constructor(place: string, message: string) {
    super(place === '' ? message : `${place}: ${message}`)
    this.place = place
  }
}

import { functionOf, isMap, type Json, type JsonMap, scalarText } from '../../../operations/cloudformation/index.ts'
import { namedIn, resolved, type Scope } from './functions.ts'
import { attributeOf, type CustomAnswers, digits, type Identified, physicalIdOf } from './identities.ts'
import { type Place, type ResolvedStack, type Resource, Unresolvable } from './resource.ts'

export interface StackInput {
  readonly name: string
  /** The template with its functions in their long form (`readSections`). */
  readonly template: JsonMap
  /** What is sent with the template. A parameter that is left out has its default. */
  readonly parameters: Readonly<Record<string, string>>
  readonly place: Place
  /** The exports of other stacks, by name. */
  readonly imports?: Readonly<Record<string, string>>
  /** What custom resources answer. */
  readonly answers?: CustomAnswers
  /** What `Ref` gives for resources that were made by an earlier template, by logical id. */
  readonly existing?: ReadonlyMap<string, string>
}

function section(template: JsonMap, name: string): JsonMap {
  const found = template[name]
  return isMap(found) ? found : {}
}

function textsOf(value: Json | undefined): string[] {
  return (Array.isArray(value) ? value : [value]).flatMap((one) => scalarText(one) ?? [])
}

/** One template with one set of parameters. A value is resolved when it is first asked for, and once. */
class Resolution implements Scope {
  readonly zones: readonly string[]
  readonly parameters: Readonly<Record<string, string>>
  readonly stackId: string
  readonly importedNames = new Set<string>()
  readonly #input: StackInput
  readonly #resources: JsonMap
  readonly #conditions = new Map<string, boolean>()
  readonly #identified = new Map<string, Identified>()
  readonly #properties = new Map<string, JsonMap>()

  constructor(input: StackInput) {
    this.#input = input
    const { region, account } = input.place
    this.zones = ['a', 'b', 'c'].map((zone) => `${region}${zone}`)
    this.#resources = section(input.template, 'Resources')
    const d = digits('stack', input.name)
    const id = `${d.slice(0, 8)}-${d.slice(8, 12)}-11f0-${d.slice(12, 16)}-${d.slice(16, 28)}`
    this.stackId = `arn:aws:cloudformation:${region}:${account}:stack/${input.name}/${id}`
    this.parameters = this.#parameters()
  }

  #parameters(): Record<string, string> {
    const values: Record<string, string> = {}
    for (const [name, declared] of Object.entries(section(this.#input.template, 'Parameters'))) {
      const value = this.#input.parameters[name] ?? (isMap(declared) ? scalarText(declared.Default) : undefined)
      if (value === undefined) throw new Unresolvable(`Parameters.${name}`, `Parameters: [${name}] must have values`)
      values[name] = value
    }
    const unknown = Object.keys(this.#input.parameters).find((name) => !Object.hasOwn(values, name))
    if (unknown !== undefined) throw new Unresolvable('', `Parameters: [${unknown}] do not exist in the template`)
    return values
  }

  #pseudo(name: string): string | undefined {
    const { place, name: stack } = this.#input
    const values: Readonly<Record<string, string>> = {
      'AWS::AccountId': place.account,
      'AWS::Region': place.region,
      'AWS::Partition': 'aws',
      'AWS::URLSuffix': 'amazonaws.com',
      'AWS::StackName': stack,
      'AWS::StackId': this.stackId,
    }
    return values[name]
  }

  ref(name: string, place: string): Json | undefined {
    if (name === 'AWS::NoValue') return undefined
    const pseudo = this.#pseudo(name)
    if (pseudo !== undefined) return pseudo
    if (Object.hasOwn(this.parameters, name)) return this.#parameterValue(name)
    if (!Object.hasOwn(this.#resources, name)) throw new Unresolvable(place, `Unresolved resource dependency [${name}]`)
    if (!this.exists(name)) throw new Unresolvable(place, `${name} is not made, because its condition is false`)
    return this.#input.existing?.get(name) ?? physicalIdOf(this.identified(name))
  }

  #parameterValue(name: string): Json {
    const declared = section(this.#input.template, 'Parameters')[name]
    const type = isMap(declared) ? String(declared.Type) : 'String'
    const value = this.parameters[name] ?? ''
    return type === 'CommaDelimitedList' || type.startsWith('List<') ? value.split(',').map((one) => one.trim()) : value
  }

  attribute(logicalId: string, name: string, place: string): Json {
    if (!Object.hasOwn(this.#resources, logicalId)) {
      throw new Unresolvable(place, `Unresolved resource dependency [${logicalId}]`)
    }
    if (!this.exists(logicalId)) throw new Unresolvable(place, `${logicalId} is not made, because its condition is false`)
    const of = this.identified(logicalId)
    const custom = of.type.startsWith('Custom::') || of.type === 'AWS::CloudFormation::CustomResource'
    const answers = custom ? this.#input.answers?.({ type: of.type, properties: this.properties(logicalId) }) : undefined
    const value = custom ? (answers?.[name] ?? `${logicalId}.${name}`) : attributeOf(of, name)
    if (value === undefined) throw new Unresolvable(place, `${logicalId} (${of.type}) has no attribute ${name}`)
    return value
  }

  condition(name: string, place: string): boolean {
    const known = this.#conditions.get(name)
    if (known !== undefined) return known
    const value = section(this.#input.template, 'Conditions')[name]
    if (value === undefined) throw new Unresolvable(place, `the template has no condition ${name}`)
    const truth = this.holds(value, `Conditions.${name}`)
    this.#conditions.set(name, truth)
    return truth
  }

  /** Whether an expression of conditions is true. @throws Unresolvable */
  holds(value: Json, place: string): boolean {
    const [name, of] = functionOf(value) ?? []
    if (name === 'Condition') return this.condition(scalarText(of) ?? '', place)
    const list: readonly Json[] = Array.isArray(of) ? of : []
    const [first = null, second = null] = list
    switch (name) {
      case 'Fn::Equals':
        return String(resolved(first, this, place)) === String(resolved(second, this, place))
      case 'Fn::Not':
        return !this.holds(first, place)
      case 'Fn::And':
        return list.every((one) => this.holds(one, place))
      case 'Fn::Or':
        return list.some((one) => this.holds(one, place))
      case 'Fn::Contains':
        return textsOf(resolved(first, this, place)).includes(String(resolved(second, this, place)))
      default:
        throw new Unresolvable(place, 'this is not a condition')
    }
  }

  mapped(map: string, first: string, second: string): Json | undefined {
    const found = section(section(section(this.#input.template, 'Mappings'), map), first)
    return Object.hasOwn(found, second) ? found[second] : undefined
  }

  imported(name: string, place: string): string {
    this.importedNames.add(name)
    const value = this.#input.imports?.[name]
    if (value === undefined) throw new Unresolvable(place, `No export named ${name} found`)
    return value
  }

  /** Whether a resource's own condition is true. */
  exists(logicalId: string): boolean {
    const { Condition } = section(this.#resources, logicalId)
    return Condition === undefined || this.condition(String(Condition), `Resources.${logicalId}.Condition`)
  }

  identified(logicalId: string): Identified {
    const known = this.#identified.get(logicalId)
    if (known !== undefined) return known
    const written = section(section(this.#resources, logicalId), 'Properties')
    const of: Identified = {
      stack: this.#input.name,
      logicalId,
      type: String(section(this.#resources, logicalId).Type),
      place: this.#input.place,
      stackId: this.stackId,
      property: (name) => {
        const value = written[name]
        return value === undefined ? undefined : resolved(value, this, `Resources.${logicalId}.Properties.${name}`)
      },
    }
    this.#identified.set(logicalId, of)
    return of
  }

  properties(logicalId: string): JsonMap {
    const known = this.#properties.get(logicalId)
    if (known !== undefined) return known
    const written = section(section(this.#resources, logicalId), 'Properties')
    const value = resolved(written, this, `Resources.${logicalId}.Properties`)
    const properties = isMap(value) ? value : {}
    this.#properties.set(logicalId, properties)
    return properties
  }

  resource(logicalId: string): Resource {
    const { Type, DeletionPolicy, UpdatePolicy, UpdateReplacePolicy, DependsOn, Properties } = section(this.#resources, logicalId)
    const place = `Resources.${logicalId}`
    const named = namedIn(
      [Properties ?? null, UpdatePolicy ?? null],
      (id) => Object.hasOwn(this.#resources, id) && this.exists(id),
    )
    const updatePolicy = resolved(UpdatePolicy ?? null, this, `${place}.UpdatePolicy`)
    return {
      stack: this.#input.name,
      logicalId,
      type: String(Type),
      physicalId: String(this.ref(logicalId, place)),
      properties: this.properties(logicalId),
      deletionPolicy: scalarText(resolved(DeletionPolicy ?? null, this, place)),
      updateReplacePolicy: scalarText(resolved(UpdateReplacePolicy ?? null, this, place)),
      updatePolicy: isMap(updatePolicy) ? updatePolicy : undefined,
      dependsOn: [...new Set([...textsOf(DependsOn).filter((id) => this.exists(id)), ...named])],
      attribute: (name) => this.attribute(logicalId, name, place),
    }
  }

  resources(): Map<string, Resource> {
    const ids = Object.keys(this.#resources).filter((id) => this.exists(id))
    return new Map(ids.map((id) => [id, this.resource(id)]))
  }

  /** The outputs, and which of them are exports. */
  outputs(): Pick<ResolvedStack, 'outputs' | 'exports'> {
    const outputs: Record<string, string> = {}
    const exports: Record<string, string> = {}
    for (const [name, declared] of Object.entries(section(this.#input.template, 'Outputs'))) {
      const { Value, Export, Condition } = isMap(declared) ? declared : {}
      const place = `Outputs.${name}`
      if (Condition !== undefined && !this.condition(String(Condition), place)) continue
      const value = scalarText(resolved(Value ?? null, this, place))
      if (value === undefined) throw new Unresolvable(place, 'an output has to be a text')
      outputs[name] = value
      const exported = isMap(Export) ? resolved(Export.Name ?? null, this, place) : undefined
      if (exported !== undefined) exports[String(exported)] = value
    }
    return { outputs, exports }
  }

  /** The assertions of the section Rules. @throws Unresolvable with the text of the assertion */
  checkRules(): void {
    for (const [name, rule] of Object.entries(section(this.#input.template, 'Rules'))) {
      const { RuleCondition, Assertions } = isMap(rule) ? rule : {}
      const place = `Rules.${name}`
      if (RuleCondition !== undefined && !this.holds(RuleCondition, place)) continue
      for (const assertion of Array.isArray(Assertions) ? Assertions : []) {
        const { Assert = null, AssertDescription = 'failed' } = isMap(assertion) ? assertion : {}
        if (!this.holds(Assert, place)) throw new Unresolvable(place, String(AssertDescription))
      }
    }
  }
}

/**
 * Resolves a template as CloudFormation would with these parameters, with ids that are the same in every run.
 * @throws Unresolvable with the text of CloudFormation where there is one
 */
export function resolveStack(input: StackInput): ResolvedStack {
  const resolution = new Resolution(input)
  resolution.checkRules()
  const resources = resolution.resources()
  const { outputs, exports } = resolution.outputs()
  const { parameters, importedNames } = resolution
  return { name: input.name, parameters, resources, outputs, exports, imports: [...importedNames].sort() }
}

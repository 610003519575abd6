import { Conditions, functionOf, type Json, type JsonMap, scalarText } from '../../cloudformation/index.ts'
import { effectiveParameters, templateFrom } from '../template.ts'

type Values = Readonly<Record<string, string | undefined>>

/** A resource that a template makes with some parameters. */
export interface MadeResource {
  readonly type: string
  readonly properties: JsonMap
}

/** Reads properties of a template, with the parameters and conditions of a stack. */
export class StackProperties {
  readonly values: Values
  readonly #conditions: Conditions
  readonly made: readonly MadeResource[]

  constructor(template: string, parameters: Readonly<Record<string, string>>) {
    const read = templateFrom(template)
    this.values = effectiveParameters(template, parameters)
    const conditions = new Conditions(read, parameters)
    this.#conditions = conditions
    // What cannot be decided is counted.
    this.made = [...read.resources.values()].filter(
      ({ condition }) => condition === undefined || conditions.holds(condition) !== false,
    )
  }

  /** Whether a condition holds, or may hold. */
  holds(condition: string): boolean {
    return this.#conditions.holds(condition) !== false
  }

  /** The value of a property: of a parameter, of the branch of a condition, or as it is written. */
  value(json: Json | undefined): Json | undefined {
    const [name, of] = functionOf(json) ?? []
    if (name === 'Ref') return this.values[scalarText(of) ?? '']
    if (name !== 'Fn::If' || !Array.isArray(of)) return json
    const [condition, then, otherwise] = of
    return this.value(this.holds(scalarText(condition) ?? '') ? then : otherwise)
  }

  text(json: Json | undefined): string {
    return scalarText(this.value(json)) ?? ''
  }

  number(json: Json | undefined, fallback = 0): number {
    const text = this.text(json)
    return text === '' ? fallback : Number(text)
  }

  /** The members of a list, without those that a condition leaves out. */
  list(json: Json | undefined): readonly Json[] {
    const value = this.value(json)
    if (!Array.isArray(value)) return []
    const members: readonly Json[] = value
    return members.flatMap((member) => this.value(member) ?? [])
  }
}

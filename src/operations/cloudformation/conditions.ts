import { functionOf, type Json, scalarText } from './json.ts'
import type { Template } from './template.ts'

/** Whether all, or any, of some answers are `wanted`, where some of them may not be known. */
function anyOf(answers: readonly (boolean | undefined)[], wanted: boolean): boolean | undefined {
  if (answers.includes(wanted)) return wanted
  return answers.includes(undefined) ? undefined : !wanted
}

/**
 * What a template's conditions come to with some parameters, or their defaults. They look at nothing else (CloudFormation
 * guide, Conditions).
 */
export class Conditions {
  readonly #template: Template
  readonly #given: Readonly<Record<string, string>>
  readonly #decided = new Map<string, boolean | undefined>()

  constructor(template: Template, parameters: Readonly<Record<string, string>>) {
    this.#template = template
    this.#given = parameters
  }

  /** @returns undefined where the parameters do not decide it */
  holds(name: string): boolean | undefined {
    if (!this.#decided.has(name)) {
      // A condition that names itself is never decided.
      this.#decided.set(name, undefined)
      this.#decided.set(name, this.#decide(this.#template.conditions.get(name)))
    }
    return this.#decided.get(name)
  }

  #decide(value: Json | undefined): boolean | undefined {
    const [name, of] = functionOf(value) ?? []
    if (name === 'Condition') return this.holds(scalarText(of) ?? '')
    if (!Array.isArray(of)) return undefined
    const list: readonly Json[] = of
    switch (name) {
      case 'Fn::Equals': {
        const [one, other] = [this.#text(list[0]), this.#text(list[1])]
        return one === undefined || other === undefined ? undefined : one === other
      }
      case 'Fn::Not': {
        const inner = this.#decide(list[0])
        return inner === undefined ? undefined : !inner
      }
      case 'Fn::And':
        return anyOf(
          list.map((item) => this.#decide(item)),
          false,
        )
      case 'Fn::Or':
        return anyOf(
          list.map((item) => this.#decide(item)),
          true,
        )
      default:
        return undefined
    }
  }

  #text(value: Json | undefined): string | undefined {
    const [name, of] = functionOf(value) ?? []
    if (name === 'Ref') return this.#parameter(scalarText(of) ?? '')
    if (name !== 'Fn::FindInMap' || !Array.isArray(of)) return scalarText(value)
    const [map, first, second] = of.map((item) => this.#text(item))
    if (map === undefined || first === undefined || second === undefined) return undefined
    return scalarText(this.#template.mapped(map, first, second))
  }

  #parameter(name: string): string | undefined {
    return Object.hasOwn(this.#given, name) ? this.#given[name] : this.#template.parameters.get(name)?.fallback
  }
}

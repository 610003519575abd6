import { isMap, isScalar, isSeq, parseDocument } from 'yaml'
import { mapped, templateParameters, templateResources } from './template.ts'

/** A short function, such as `!Equals`, is the tag of its YAML node. */
const tagOf = (node: unknown): string | undefined => Object(node).tag

/** Whether all, or any, of some answers are `wanted`, where some of them may not be known. */
function anyOf(answers: readonly (boolean | undefined)[], wanted: boolean): boolean | undefined {
  if (answers.includes(wanted)) return wanted
  return answers.includes(undefined) ? undefined : !wanted
}

/** What a template's conditions come to with some parameters. They look at nothing else (CloudFormation guide, Conditions). */
class Conditions {
  readonly #body: string
  readonly #values: ReadonlyMap<string, string>
  readonly #nodes: ReadonlyMap<string, unknown>

  constructor(body: string, parameters: Readonly<Record<string, string>>) {
    this.#body = body
    const defaults = templateParameters(body).map(({ name, fallback }) => [name, fallback] as const)
    const known = [...defaults, ...Object.entries(parameters)].flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as const],
    )
    this.#values = new Map(known)
    const conditions = parseDocument(body, { logLevel: 'silent' }).get('Conditions')
    const pairs = isMap(conditions) ? conditions.items : []
    this.#nodes = new Map(pairs.map(({ key, value }) => [String(key), value]))
  }

  /** @returns undefined where what is known here does not decide it */
  holds(name: string): boolean | undefined {
    return this.#decide(this.#nodes.get(name))
  }

  #decide(node: unknown): boolean | undefined {
    if (isScalar(node)) return tagOf(node) === '!Condition' ? this.holds(String(node.value)) : undefined
    if (!isSeq(node)) return undefined
    const [first, second] = node.items
    switch (tagOf(node)) {
      case '!Equals': {
        const [one, other] = [this.#text(first), this.#text(second)]
        return one === undefined || other === undefined ? undefined : one === other
      }
      case '!Not': {
        const inner = this.#decide(first)
        return inner === undefined ? undefined : !inner
      }
      case '!And':
        return anyOf(
          node.items.map((item) => this.#decide(item)),
          false,
        )
      case '!Or':
        return anyOf(
          node.items.map((item) => this.#decide(item)),
          true,
        )
      default:
        return undefined
    }
  }

  #text(node: unknown): string | undefined {
    if (isScalar(node)) return tagOf(node) === '!Ref' ? this.#values.get(String(node.value)) : String(node.value)
    if (!isSeq(node) || tagOf(node) !== '!FindInMap') return undefined
    const [map, first, second] = node.items.map((item) => this.#text(item))
    if (map === undefined || first === undefined || second === undefined) return undefined
    const value = mapped(this.#body, map, first, second)
    return value === undefined ? undefined : String(value)
  }
}

/** What a template makes with some parameters, by name; what cannot be decided here is taken to be made. */
export function resourcesMade(body: string, parameters: Readonly<Record<string, string>>) {
  const conditions = new Conditions(body, parameters)
  return templateResources(body).filter(({ condition }) => condition === undefined || conditions.holds(condition) !== false)
}

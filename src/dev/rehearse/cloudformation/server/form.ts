import { Refusal } from '../refusal.ts'

/** How many items of a list are read. */
const most = 1_000

/** A request of the Query protocol: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonParameters.html */
export class Form {
  readonly #parameters: URLSearchParams

  constructor(body: string) {
    this.#parameters = new URLSearchParams(body)
  }

  get(name: string): string | undefined {
    return this.#parameters.get(name) ?? undefined
  }

  /** @throws Refusal */
  needed(name: string): string {
    const value = this.get(name)
    if (value !== undefined && value !== '') return value
    throw new Refusal(
      `1 validation error detected: Value null at '${name}' failed to satisfy constraint: Member must not be null`,
    )
  }

  /** Texts of `Name.member.1` and so on. */
  texts(name: string): string[] {
    return this.#indexes(name).flatMap((at) => this.get(`${name}.member.${at}`) ?? [])
  }

  /** `Name.member.1.Key` and `Name.member.1.Value`. A value that is left out is undefined. */
  pairs(name: string, key: string, value: string): [string, string | undefined][] {
    return this.#indexes(name).map((at) => [
      this.get(`${name}.member.${at}.${key}`) ?? '',
      this.get(`${name}.member.${at}.${value}`),
    ])
  }

  /** What a member of a list has below a name: `Name.member.1.Below.entry.1.value`. */
  below(name: string, at: number, member: string): [string, string][] {
    const prefix = `${name}.member.${at}.${member}`
    return [...this.#parameters].filter(([key]) => key.startsWith(`${prefix}.`) || key === prefix)
  }

  /** The numbers of a list's members. */
  #indexes(name: string): number[] {
    const found: number[] = []
    const names = [...this.#parameters.keys()]
    for (let at = 1; at <= most; at++) {
      const prefix = `${name}.member.${at}`
      if (!names.some((key) => key === prefix || key.startsWith(`${prefix}.`))) break
      found.push(at)
    }
    return found
  }

  /** How many members a list has. */
  count(name: string): number {
    return this.#indexes(name).length
  }
}

/** Something that would not work on AWS, or that did not work in the rehearsal. */
export interface Finding {
  /** What it happened to, such as `apigw-prod-gateway/GatewayFunction`. */
  readonly at: string
  readonly message: string
}

/** What a rehearsal found, each once. */
export class Findings {
  readonly #found = new Map<string, Finding>()

  add(at: string, message: string): void {
    this.#found.set(`${at}: ${message}`, { at, message })
  }

  get all(): readonly Finding[] {
    return [...this.#found.values()]
  }
}

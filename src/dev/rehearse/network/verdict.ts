/** What one place on the way says about a connection. */
export interface Verdict {
  /** The resource that decides, as `stack/LogicalId`. */
  readonly at: string
  /** The place on the way, as the path shows it. */
  readonly hop: string
  readonly warning?: string | undefined
  readonly refusal?: { readonly reason: string; readonly page: string }
}

export function pass(at: string, hop: string, warning?: string): Verdict {
  return { at, hop, warning }
}

/** @param page the page of AWS that says so */
export function refuse(at: string, hop: string, reason: string, page: string): Verdict {
  return { at, hop, refusal: { reason, page } }
}

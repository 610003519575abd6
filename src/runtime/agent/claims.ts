/** Who holds a row, as the claim column says. */
export interface Claim {
  readonly agent: string
  readonly at: number
}

const claimPattern = /^apigw:([\w-]{1,12}):([0-9a-z]{6})$/

/** `apigw:NAME:TIME`, at most 25 characters; the time in seconds since 1970, in base 36. */
export function claimText({ agent, at }: Claim): string {
  return `apigw:${agent.slice(0, 12)}:${Math.floor(at / 1000).toString(36)}`
}

/** @returns `undefined` for a text that no agent wrote */
export function claimFrom(text: string): Claim | undefined {
  const [, agent, seconds] = claimPattern.exec(text.trimEnd()) ?? []
  return agent === undefined || seconds === undefined ? undefined : { agent, at: Number.parseInt(seconds, 36) * 1000 }
}

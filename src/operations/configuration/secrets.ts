/** What looks like a secret, and what it is. Found before anything else is read, so that no error can repeat it. */
const kinds: readonly (readonly [RegExp, string])[] = [
  [/apigw_(?:live|test)_[0-9A-Za-z]{20,}/, 'a secret of apigw'],
  [/whsec_[0-9A-Za-z+/=_-]{16,}/, 'the secret of a webhook'],
  [/-----BEGIN [A-Z ]*PRIVATE KEY/, 'a private key'],
  [/\bxox[abeoprs]-[0-9A-Za-z-]{10,}/, 'a token of Slack'],
  [/hooks\.slack\.com\/services\/\S{10,}/, 'a webhook of Slack'],
  // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
  [/\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/, 'an access key of AWS'],
  [/^\s*["']?(?:secret|password|pw|api_?key|master_?key|token)["']?\s*:\s*\S/i, 'a field for a secret'],
]

export interface FoundSecret {
  readonly line: number
  readonly column: number
  /** Such as `a secret of apigw`. */
  readonly what: string
}

/** Base64 of `ID:PW:API_KEY`, as it stands in an Authorization header. */
function isBasic(word: string): boolean {
  return kinds.slice(0, 1).some(([pattern]) => pattern.test(Buffer.from(word, 'base64').toString('latin1')))
}

function secretOf(text: string): { readonly column: number; readonly what: string } | undefined {
  for (const [pattern, what] of kinds) {
    const at = text.search(pattern)
    if (at >= 0) return { column: at + 1, what }
  }
  for (const { 0: word, index } of text.matchAll(/[0-9A-Za-z+/]{80,}={0,2}/g)) {
    if (isBasic(word)) return { column: index + 1, what: 'the credentials of a customer' }
  }
  return undefined
}

/** The secrets of a text, in its comments too. */
export function secretsIn(text: string): FoundSecret[] {
  return text.split('\n').flatMap((content, at) => {
    const found = secretOf(content)
    return found === undefined ? [] : [{ line: at + 1, ...found }]
  })
}

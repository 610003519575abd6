/** An answer of CloudFormation that refuses a request. */
export class Refusal extends Error {
  /** Such as `ValidationError`. */
  readonly code: string
  readonly status: number

  constructor(message: string, code = 'ValidationError', status = 400) {
    super(message)
    this.code = code
    this.status = status
  }
}

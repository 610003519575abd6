/** A call as it travels through the front: from the customer to the balancer, the API and the gateway. */
export interface Call {
  readonly method: string
  /** With its query. */
  readonly target: string
  /** In lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** Who connected to this part. */
  readonly address: string
}

export interface CallAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export function textAnswer(status: number, type: string, text: string): CallAnswer {
  return { status, headers: { 'content-type': type }, body: Buffer.from(text) }
}

/** Adds an address to X-Forwarded-For, as a balancer with the mode `append` does. */
export function forwardedBy(call: Call, address: string): Call {
  const before = call.headers['x-forwarded-for']
  const list = before === undefined ? call.address : `${before}, ${call.address}`
  return { ...call, headers: { ...call.headers, 'x-forwarded-for': list }, address }
}

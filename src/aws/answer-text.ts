/** More than any answer of the control plane holds: a page of 1,000 EC2 instances is about 5 MB. */
const maxBytes = 32 * 1024 * 1024

/** The error of a service with its name and status, which `awsProblem` understands. */
export function serviceError(name: string, message: string, status: number): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } })
}

/**
 * The text of an answer, of bounded length.
 * @throws an error named `ResponseTooLarge`
 */
export async function answerText(response: Response, most = maxBytes): Promise<string> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of response.body ?? []) {
    bytes += part.length
    if (bytes > most) throw serviceError('ResponseTooLarge', `its answer has more than ${most} bytes`, response.status)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

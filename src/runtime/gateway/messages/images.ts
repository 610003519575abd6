import type { MessageRequest } from '../../../domain/message.ts'
import type { FieldError } from '../../../domain/problem.ts'
import type { Call } from './call.ts'

/** Images that were found, by owner and id: an image never changes, and it is kept for longer than this process lives. */
const found = new Set<string>()
const maxFound = 100_000
/** Different images that one call may name: each that is not known here costs a request to the store. */
const maxImages = 100
const tooMany = `is beyond the ${maxImages} different images that one call may name`

async function isKept({ caller, environment, media, signal }: Call, id: string): Promise<boolean> {
  const { customer } = caller
  const key = `${environment}/${customer}/${id}`
  if (found.has(key)) return true
  if ((await media.find({ customer, environment }, id, signal)) === undefined) return false
  if (found.size >= maxFound) found.clear()
  found.add(key)
  return true
}

/** The images that messages refer to and that this customer has not uploaded, at most one for each message. */
export async function missingMedia(
  call: Call,
  requests: readonly Pick<MessageRequest, 'media'>[],
): Promise<(FieldError | undefined)[]> {
  const all = [...new Set(requests.flatMap((request) => request.media ?? []))]
  if (all.length === 0) return requests.map(() => undefined)
  const wanted = all.slice(0, maxImages)
  const kept = new Map(await Promise.all(wanted.map(async (id) => [id, await isKept(call, id)] as const)))
  return requests.map(({ media = [] }) => {
    const at = media.findIndex((id) => !kept.get(id))
    if (at >= 0 && !kept.has(media[at] ?? '')) return { pointer: `/media/${at}`, detail: tooMany }
    return at < 0 ? undefined : { pointer: `/media/${at}`, detail: 'is not an image of yours: POST it to /v1.0/media first' }
  })
}

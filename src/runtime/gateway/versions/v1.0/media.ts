import * as z from 'zod'
import { mediaIdOf } from '../../../../domain/ids.ts'
import { checkedImage, type Jpeg } from '../../../../domain/jpeg.ts'
import { Problem } from '../../../../domain/problem.ts'
import { defaultMedia, type MediaLimits } from '../../../../domain/route.ts'
import { json } from '../../http/http.ts'
import { mediaType } from '../../http/input.ts'
import { type Admitted, admit, routePlanOf } from '../../messages/admit.ts'
import type { Endpoint } from '../endpoint.ts'

/** Above any route's limit, so that the route's own is what a caller hears of. */
const maxBytes = 1_048_576

const kept = z
  .object({
    id: z.string().meta({
      description: 'Goes into a message\'s "media". The same image has the same id',
      example: '5ZQ4M8K2X1V9B3N5C6D0F8G2HC',
    }),
    bytes: z.int().meta({ example: 61_440 }),
    width: z.int().meta({ example: 640 }),
    height: z.int().meta({ example: 480 }),
  })
  .meta({ title: 'Image' })

/** @throws Problem `media-invalid` that says which limit of the route, and by how much */
function checked(body: Uint8Array, limits: MediaLimits): Jpeg {
  const image = checkedImage(body, limits)
  if ('fault' in image) throw new Problem('media-invalid', `The image ${image.fault}.`)
  return image
}

/** An image for later messages. The body is the image itself. */
const media: Endpoint = {
  method: 'POST',
  path: '/media',
  kind: 'upload',
  description: {
    summary: 'Upload an image for an MMS',
    name: 'uploadImage',
    group: 'Images',
    problems: [
      'media-invalid',
      'media-unavailable',
      'unsupported-media-type',
      'body-too-large',
      'route-missing',
      'quota-missing',
    ],
    bodyType: 'image/jpeg',
    answers: { 201: { description: 'The image is kept; messages may name it', schema: kept } },
  },
  maxBodyBytes: maxBytes,
  run: async (call) => {
    const type = mediaType(call.request)
    if (type !== 'image/jpeg') throw new Problem('unsupported-media-type', 'Content-Type has to be image/jpeg.')
    const admission = await admit(call, 0, { api: 'messages' })
    if (admission.kind === 'refused') return call.refuse(admission)
    const image = checked(call.request.body, limitsOf(admission))
    const id = mediaIdOf(call.request.body)
    await call.media.put({ customer: call.caller.customer, environment: call.environment }, id, call.request.body)
    return json(201, { id, bytes: call.request.body.byteLength, width: image.width, height: image.height })
  },
}

function limitsOf(admission: Admitted | { kind: 'replay' }): MediaLimits {
  if (admission.kind === 'replay') throw new Error('a call without an Idempotency-Key was answered with a replay')
  return routePlanOf(admission).media ?? defaultMedia
}

export default media

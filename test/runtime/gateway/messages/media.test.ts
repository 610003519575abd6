import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mediaIdOf, randomId } from '../../../../src/domain/ids.ts'
import { setRoute } from '../../../../src/operations/customers/index.ts'
import { jpegOf } from '../../../../src/runtime/gateway/messages/jpeg.ts'
import { type Media, openMedia } from '../../../../src/runtime/ports/index.ts'
import { expectProblem } from '../../../support/expect-problem.ts'
import { liveQueue, type Sqs, startSqs } from '../../../support/sqs.ts'
import { authorization, message, startWorld } from '../../../support/world.ts'

let sqs: Sqs
let media: Media | undefined
beforeAll(async () => {
  sqs = await startSqs()
  sqs.server.createBucket('media')
  media = openMedia({ endpoint: sqs.endpoint, bucket: 'media' })
})
afterAll(() => sqs.stop())

/** The headers of a baseline JPEG image of this size, without image data. */
function jpeg(width: number, height: number, filler = 0): Buffer {
  const word = (value: number): number[] => [value >> 8, value & 0xff]
  const jfif = [0xff, 0xe0, ...word(16), ...Buffer.from('JFIF\0'), 1, 1, 0, 0, 1, 0, 1, 0, 0]
  const frame = [0xff, 0xc0, ...word(11), 8, ...word(height), ...word(width), 1, 1, 0x11, 0]
  const scan = [0xff, 0xda, ...word(8), 1, 1, 0, 0, 0x3f, 0]
  return Buffer.from([0xff, 0xd8, ...jfif, ...frame, ...scan, ...new Array(filler).fill(0x55), 0xff, 0xd9])
}

const start = () => startWorld({ endpoint: sqs.endpoint, media })
type World = Awaited<ReturnType<typeof start>>

const upload = (world: World, body: Uint8Array, type = 'image/jpeg', basic = world.live.basic) =>
  fetch(`${world.listening.url}${basic === world.test.basic ? '/test' : ''}/v1.0/media`, {
    method: 'POST',
    headers: { 'content-type': type, authorization: authorization(basic) },
    body: Buffer.from(body),
  }).then(async (response) => {
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, body: JSON.parse(text) }
  })

describe('an image', () => {
  it('is stored once, under the hash of its content, and costs no unit', async () => {
    const world = await start()
    const image = jpeg(640, 480)
    const first = await upload(world, image)
    expect([first.status, first.body]).toEqual([201, { id: mediaIdOf(image), bytes: image.length, width: 640, height: 480 }])
    expect((await upload(world, image)).body).toEqual(first.body)
    expect(await world.left()).toEqual({ day: 1000 })
  })

  it('is looked up at most a hundred times per call, however many it names', async () => {
    let asked = 0
    const counting = new Proxy(media ?? Object.create(null), {
      get: (target, name) => {
        if (name === 'find') asked += 1
        return Reflect.get(target, name).bind(target)
      },
    })
    const world = await startWorld({ endpoint: sqs.endpoint, media: counting })
    const messages = Array.from({ length: 500 }, () => ({ ...message, media: [randomId(), randomId(), randomId()] }))
    const headers = { 'content-type': 'application/json' }
    const answer = await world.call('/v1.0/messages/batch', { method: 'POST', headers, body: { messages } })
    expectProblem(answer, 'invalid-request', world)
    expect(asked).toBe(100)
    expect(answer.text).toContain('beyond the 100 different images')
  })

  it('turns a message that names it into an MMS, and only its own customer and environment can name it', async () => {
    const [world, other] = [await start(), await start()]
    const { id } = (await upload(world, jpeg(10, 10))).body
    const sent = await world.post({ media: [id], subject: '사진' })
    expect(sent.status).toBe(202)
    expect(sqs.messages(liveQueue, world.customer)).toMatchObject([{ type: 'mms', media: [id], subject: '사진' }])
    expectProblem(await other.post({ media: [id] }), 'invalid-request', other)
    const headers = { authorization: authorization(world.test.basic), 'content-type': 'application/json' }
    const test = await world.call('/test/v1.0/messages', { method: 'POST', headers, body: { ...message, media: [id] } })
    expectProblem(test, 'invalid-request', world)
    expect(JSON.stringify(test.body.errors)).toContain('/media/0')
    expect(await world.left()).toEqual({ day: 999 })
  })

  it.each([
    ['larger than the route takes', jpeg(10, 10, 400_000), 'bytes'],
    ['wider', jpeg(1501, 10), 'pixels'],
    ['higher', jpeg(10, 1441), 'pixels'],
    ['of no size', jpeg(0, 10), 'how large'],
    ['cut off', jpeg(10, 10).subarray(0, -1), 'whole JPEG'],
    ['a PNG', Buffer.from('89504e470d0a1a0a', 'hex'), 'whole JPEG'],
    ['nothing', Buffer.alloc(0), 'whole JPEG'],
  ])('is refused when it is %s', async (_, body, why) => {
    const world = await start()
    const answer = await upload(world, body)
    expectProblem(answer, 'media-invalid', world)
    expect(answer.body.detail).toContain(why)
  })

  it('must meet the limits of its route', async () => {
    const world = await start()
    const limits = { maxBytes: 100, maxWidth: 20, maxHeight: 20 }
    await setRoute(world.context, world.customer, { api: 'messages', environment: 'live', targets: [liveQueue], media: limits })
    expectProblem(await upload(world, jpeg(21, 10)), 'media-invalid', world)
    expect((await upload(world, jpeg(20, 20))).status).toBe(201)
  })

  it('is refused with a different type, above any limit, and when no images are stored', async () => {
    const world = await start()
    expectProblem(await upload(world, jpeg(1, 1), 'image/png'), 'unsupported-media-type', world)
    expectProblem(await upload(world, jpeg(1, 1, 1_048_576)), 'body-too-large', world)
    const without = await startWorld({ endpoint: sqs.endpoint })
    expectProblem(await upload(without, jpeg(1, 1)), 'media-unavailable', without)
  })
})

it('parsing never fails, whatever the bytes', () => {
  const image = jpeg(300, 200)
  for (let at = 0; at < image.length; at++) {
    for (const value of [0, 0xff, 0xc0, 0xda]) {
      const changed = Buffer.from(image)
      changed[at] = value
      expect(() => jpegOf(changed)).not.toThrow()
    }
    expect(jpegOf(image.subarray(0, at))).toBeUndefined()
  }
})

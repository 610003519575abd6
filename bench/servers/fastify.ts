import { hash, randomUUID, timingSafeEqual } from 'node:crypto'
import basicAuth from '@fastify/basic-auth'
import rateLimit from '@fastify/rate-limit'
import fastify from 'fastify'
import { Redis } from 'ioredis'
import { ready } from './ready.ts'

/**
 * What one would write today with the usual parts: fastify, a JSON schema of the same body, basic-auth against a digest
 * in memory, rate-limit on Redis. It counts one window of 24 hours where the gateway counts three limits, reads no key
 * state, and has no route, no reservation and no EUC-KR check.
 */
const [customer = '', ...rest] = (process.env.BENCH_BASIC ?? '').split(':')
const digests = new Map([[customer, hash('sha256', rest.join(':'), 'buffer')]])

const schema = {
  body: {
    type: 'object',
    additionalProperties: false,
    required: ['to', 'from', 'text'],
    properties: {
      to: { type: 'string', maxLength: 32, pattern: '^(\\+[1-9]\\d{6,14}|0[1-9][\\d -]{7,13})$' },
      from: { type: 'string', maxLength: 32, pattern: '^(\\+[1-9]\\d{6,14}|0[1-9][\\d -]{7,13}|1[568][\\d -]{6,8})$' },
      text: { type: 'string', minLength: 1, maxLength: 2000 },
      type: { enum: ['sms', 'lms'] },
      subject: { type: 'string', minLength: 1, maxLength: 40 },
      ref: { type: 'string', minLength: 1, maxLength: 64, pattern: '^[\\x21-\\x7e]+$' },
      sendAt: { type: 'string', format: 'date-time' },
      ttl: { type: 'integer', minimum: 1, maximum: 259_200 },
    },
  },
  response: {
    202: { type: 'object', properties: { id: { type: 'string' }, ref: { type: 'string' }, status: { type: 'string' } } },
  },
} as const

const app = fastify()
await app.register(basicAuth, {
  authenticate: { realm: 'bench' },
  validate: (username, password, _request, _reply, done) => {
    const digest = digests.get(username)
    const matches = digest !== undefined && timingSafeEqual(hash('sha256', password, 'buffer'), digest)
    done(matches ? undefined : new Error('No key fits these credentials.'))
  },
})
await app.register(rateLimit, {
  global: false,
  redis: new Redis(process.env.BENCH_REDIS ?? '', { connectTimeout: 700, maxRetriesPerRequest: 1 }),
  max: Number(process.env.BENCH_LIMIT),
  timeWindow: '24 hours',
  keyGenerator: () => customer,
})
app.post<{ Body: { ref?: string } }>(
  '/v1.0/messages',
  { schema, onRequest: app.basicAuth, preHandler: app.rateLimit() },
  async (request, reply) => reply.code(202).send({ id: randomUUID(), ref: request.body.ref, status: 'accepted' }),
)
const address = await app.listen({ host: '127.0.0.1', port: 0 })
ready(Number(new URL(address).port))

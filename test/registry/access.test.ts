import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { openRegistry } from '../../src/registry/index.ts'
import { accessAspects } from '../../src/registry/redis/access.ts'

describe('the connection to Redis', () => {
  test.each(['127.0.0.1', '127.9.0.1', '::1', 'localhost'])('needs no password on this machine (%s)', (host) => {
    expect(accessAspects({ host, hasPassword: false, hasTls: false }).filter(({ fix }) => fix !== undefined)).toEqual([])
  })
  test.each([
    ['without either', false, false, [/without a password/, /not encrypted/]],
    ['without TLS', true, false, [/not encrypted/]],
    ['without a password', false, true, [/without a password/]],
    ['with both', true, true, []],
  ])('elsewhere %s', (_, hasPassword, hasTls, wanted) => {
    for (const host of ['10.0.0.7', 'redis.internal', '2001:db8::7']) {
      const weak = accessAspects({ host, hasPassword, hasTls }).filter(({ fix }) => fix !== undefined)
      expect(weak.map(({ what }) => what)).toEqual(wanted.map((pattern) => expect.stringMatching(pattern)))
    }
  })
  test.each(['redis', 'redisCluster'] as const)('is part of the health that %s reports', async (name) => {
    const registry = await openRegistry(inject(name))
    onTestFinished(() => registry.close())
    expect((await registry.health()).aspects).toContainEqual({ about: 'access', what: 'on this machine only' })
  })
})

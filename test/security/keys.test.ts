import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, describe, expect, inject, it, onTestFinished, vi } from 'vitest'
import { dryRun } from '../../src/cli/dry-run.ts'
import { addressKey, addressRange } from '../../src/domain/address.ts'
import { type Credential, ownerOf } from '../../src/domain/credential.ts'
import { Problem } from '../../src/domain/problem.ts'
import { masterKeysFrom, seal, sealedUnder, unseal } from '../../src/domain/seal.ts'
import { tokenKeysDocument, tokenKeysFrom } from '../../src/domain/token-keys.ts'
import {
  addCustomer,
  type Context,
  issueKey,
  revokeKey,
  rewrapKeys,
  rewrapTokenKeys,
  rotateKey,
} from '../../src/operations/customers/index.ts'
import { loadMasterKeys, masterKeySources, openRegistry } from '../../src/registry/index.ts'
import { createTokens } from '../../src/runtime/gateway/authentication/tokens.ts'
import { temporaryFolder, uniqueName } from '../support/names.ts'
import { newMasterKeys, noon } from './world.ts'

async function tenant(address = `sqlite:${join(temporaryFolder(), 'registry.db')}`, master = newMasterKeys()) {
  const clock = { now: noon }
  const registry = await openRegistry(address, { now: () => clock.now })
  onTestFinished(() => registry.close())
  const context: Context = { registry, actor: { who: 't', from: 'h' }, now: () => clock.now, masterKeys: async () => master.keys }
  const customer = uniqueName('customer')
  await addCustomer(context, { id: customer, quota: { day: 1000 }, queue: 'carrier-a', senders: ['1588-1234'] })
  const admit = async ({ keyId, environment }: Credential): Promise<string> => {
    const address = addressKey('203.0.113.7') ?? ''
    const admission = await registry.admit({
      reservation: uniqueName('r'),
      customer,
      keyId,
      environment,
      api: 'messages',
      units: 1,
      address,
    })
    return admission.kind === 'refused' ? admission.reason : admission.kind
  }
  return { clock, registry, context, customer, admit, master }
}

const codeOf = (error: unknown): string => (error instanceof Problem ? error.code : String(error))
function thrown(work: () => unknown): string {
  try {
    return `it went well: ${work()}`
  } catch (error) {
    return codeOf(error)
  }
}
const failure = (promise: Promise<unknown>): Promise<string> => promise.then(() => 'it went well', codeOf)

describe('rotating a key', () => {
  it('never extends a validity, whatever the old end and the overlap', async () => {
    const { context, customer } = await tenant()
    const end = fc.option(
      fc.integer({ min: 1, max: 1e10 }).map((ms) => noon + ms),
      { nil: undefined },
    )
    await fc.assert(
      fc.asyncProperty(end, fc.nat(1e10), async (expiresAt, overlap) => {
        const first = await issueKey(context, customer, { scheme: 'basic', environment: 'live', expiresAt })
        const { issued, old } = await rotateKey(context, customer, first.credential.keyId, overlap)
        expect(issued.credential.expiresAt).toBe(expiresAt)
        expect(old.expiresAt).toBe(Math.min(expiresAt ?? Number.POSITIVE_INFINITY, noon + overlap))
      }),
      { numRuns: 40 },
    )
  })

  it.each([['SQLite'], ['Redis']])('accepts both keys during the overlap, and then the new one (%s)', async (engine) => {
    const { clock, context, customer, admit } = await tenant(engine === 'Redis' ? inject('redis') : undefined)
    const allowIps = [addressRange('203.0.113.0/24')]
    for (const scheme of ['basic', 'hmac', 'jwt'] as const) {
      const first = await issueKey(context, customer, { scheme, environment: 'test', allowIps })
      const { issued, old } = await rotateKey(context, customer, first.credential.keyId, 3_600_000)
      expect(issued.credential).toMatchObject({ scheme, environment: 'test', allowIps })
      expect(issued.secret).not.toBe(first.secret)
      expect([await admit(old), await admit(issued.credential)]).toEqual(['admitted', 'admitted'])
      clock.now += 3_600_000
      expect([await admit(old), await admit(issued.credential)]).toEqual(['key-expired', 'admitted'])
    }
  })

  it('refuses a key that is revoked, expired or unknown', async () => {
    const { clock, context, customer } = await tenant()
    const wishes = { scheme: 'basic', environment: 'live' } as const
    const revoked = await issueKey(context, customer, wishes)
    await revokeKey(context, customer, revoked.credential.keyId)
    const brief = await issueKey(context, customer, { ...wishes, expiresAt: noon + 1000 })
    clock.now += 1000
    expect(await failure(rotateKey(context, customer, revoked.credential.keyId, 0))).toBe('key-revoked')
    expect(await failure(rotateKey(context, customer, brief.credential.keyId, 0))).toBe('key-expired')
    expect(await failure(rotateKey(context, customer, 'ak_live_NONE', 0))).toBe('key-unknown')
  })
})

describe('a sealed secret', () => {
  const { keys } = newMasterKeys()
  const owner = { customer: 'acme', keyId: 'ak_live_1', environment: 'live' } as const

  it('opens only for its owner', () => {
    const sealed = seal('secret', ownerOf(owner), keys)
    expect(sealed).not.toContain('secret')
    expect(unseal(sealed, ownerOf(owner), keys)).toBe('secret')
    for (const change of [{ customer: 'other' }, { keyId: 'ak_live_2' }, { environment: 'test' }] as const) {
      expect(thrown(() => unseal(sealed, ownerOf({ ...owner, ...change }), keys))).toBe('master-key-missing')
    }
    expect(thrown(() => unseal(sealed, ownerOf(owner), newMasterKeys().keys))).toBe('master-key-missing')
  })

  it('opens under NEW,OLD when OLD sealed it, but not under NEW', () => {
    const old = newMasterKeys()
    const both = newMasterKeys(old.text)
    const sealed = seal('secret', 'owner', old.keys)
    expect(unseal(sealed, 'owner', both.keys)).toBe('secret')
    expect(sealedUnder(seal('secret', 'owner', both.keys))).toBe(both.keys.current.id)
    const alone = masterKeysFrom(both.text.split(',')[0] ?? '')
    expect(thrown(() => unseal(sealed, 'owner', alone))).toBe('master-key-missing')
  })

  it('does not open with any character changed', () => {
    const sealed = seal('secret', 'owner', keys)
    for (let at = 0; at < sealed.length - 1; at++) {
      const changed = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1)
      expect(() => unseal(changed, 'owner', keys), String(at)).toThrow(Problem)
    }
  })
})

describe('changing the master key', () => {
  it('is invisible to customers: every secret and token key opens under the new one alone', async () => {
    const old = newMasterKeys()
    const { registry, context, customer, clock } = await tenant(undefined, old)
    const issued = await issueKey(context, customer, { scheme: 'hmac', environment: 'live' })
    const tokens = createTokens({ registry, masterKeys: old.keys, issuer: 'x', now: () => clock.now })
    const jwt = await issueKey(context, customer, { scheme: 'jwt', environment: 'live' })
    const { keyId } = jwt.credential
    const token = await tokens.issue({ customer, keyId, environment: 'live' }, clock.now)
    const both = newMasterKeys(old.text)
    const renewed: Context = { ...context, masterKeys: async () => both.keys }
    const written = async () => [await registry.profile(customer), await registry.document(tokenKeysDocument)]
    const before = await written()
    const pretending = { ...renewed, registry: dryRun(registry) }
    expect([await rewrapKeys(pretending, customer), await rewrapTokenKeys(pretending)]).toEqual([1, 1])
    expect(await written()).toEqual(before)
    expect([await rewrapKeys(renewed, customer), await rewrapTokenKeys(renewed)]).toEqual([1, 1])
    expect([await rewrapKeys(renewed, customer), await rewrapTokenKeys(renewed)]).toEqual([0, 0])

    const alone = masterKeysFrom(both.text.split(',')[0] ?? '')
    const stored = await registry.credential(customer, issued.credential.keyId)
    if (stored?.scheme !== 'hmac') throw new Error('the key is gone')
    expect(sealedUnder(stored.sealed)).toBe(alone.current.id)
    expect(unseal(stored.sealed, ownerOf(stored), alone)).toBe(issued.secret)
    const later = createTokens({ registry, masterKeys: alone, issuer: 'x', now: () => clock.now })
    expect(await later.verify(token)).toMatchObject({ customer })
    expect(await later.verify(await later.issue({ customer, keyId, environment: 'live' }, clock.now))).toMatchObject({ customer })
    expect(tokenKeysFrom((await registry.document(tokenKeysDocument))?.text)).toHaveLength(1)
  })

  it('is refused without the old one', async () => {
    const { context, customer } = await tenant()
    await issueKey(context, customer, { scheme: 'hmac', environment: 'live' })
    expect(await failure(rewrapKeys({ ...context, masterKeys: async () => newMasterKeys().keys }, customer))).toBe(
      'master-key-missing',
    )
    expect(await failure(rewrapKeys({ ...context, masterKeys: async () => undefined }, customer))).toBe('master-key-missing')
  })
})

describe('master keys', () => {
  afterEach(() => vi.unstubAllEnvs())
  const text = Buffer.alloc(32, 7).toString('base64')

  it('are 32 bytes in base64 or hexadecimal, the current one first', () => {
    const both = masterKeysFrom(`${text}\n${Buffer.alloc(32, 8).toString('hex')}\n`)
    expect([...both.all.values()].map((key) => key.bytes[0])).toEqual([7, 8])
    expect(both.current.bytes[0]).toBe(7)
    for (const wrong of ['', ' , ', 'c2hvcnQ=', Buffer.alloc(33).toString('base64'), 'password']) {
      expect(() => masterKeysFrom(wrong)).toThrow(Problem)
    }
  })

  it('cannot be a passphrase, and are separated only by commas or line breaks', () => {
    const other = Buffer.alloc(32, 8).toString('base64')
    const phrase = 'correct horse battery staple and some more words ok'
    for (const wrong of [phrase, `${text} ${other}`, `${text};${other}`, `!${text}`, `${text}=junk`]) {
      expect(
        thrown(() => masterKeysFrom(wrong)),
        wrong,
      ).toBe('master-key-invalid')
    }
    for (const bare of [text.replace('=', ''), Buffer.alloc(32, 255).toString('base64url')]) {
      expect(masterKeysFrom(bare).current.bytes).toHaveLength(32)
    }
  })

  it('come from the environment or a file', async () => {
    const path = join(temporaryFolder(), 'master.key')
    writeFileSync(path, `${text}\n`)
    expect((await loadMasterKeys(masterKeySources({ APIGW_MASTER_KEY: text })))?.current.bytes[0]).toBe(7)
    expect((await loadMasterKeys(masterKeySources({ APIGW_MASTER_KEY_FILE: path })))?.current.bytes[0]).toBe(7)
    expect(await loadMasterKeys(masterKeySources({}))).toBeUndefined()
    expect(await failure(loadMasterKeys({ file: `${path}.missing` }))).toBe('master-key-missing')
  })

  it('come from AWS Secrets Manager', async () => {
    const asked: string[] = []
    const server = createServer(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      asked.push(String(request.headers['x-amz-target']), body)
      const found = body.includes('apigw/master')
      response.writeHead(found ? 200 : 400, { 'content-type': 'application/x-amz-json-1.1' })
      response.end(JSON.stringify(found ? { SecretString: text } : { __type: 'ResourceNotFoundException' }))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'local')
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local')
    const keys = await loadMasterKeys({ secretId: 'apigw/master', region: 'ap-northeast-2' })
    expect(keys?.current.bytes[0]).toBe(7)
    expect(asked).toEqual(['secretsmanager.GetSecretValue', '{"SecretId":"apigw/master"}'])
    expect(await failure(loadMasterKeys({ secretId: 'other', region: 'ap-northeast-2' }))).toBe('master-key-missing')
  })
})

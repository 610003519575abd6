import { createHash, createHmac } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  contentDigest,
  digestMatches,
  hmacSha256,
  type ParsedSignature,
  parseSignature,
  type SignedRequest,
  signatureBase,
  signedHeaders,
} from '../../src/domain/signature.ts'

/** RFC 9421, appendix B.1.5 and B.2.5, and the test request of B.2. */
const sharedSecret = Buffer.from(
  'uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==',
  'base64',
)
const rfcInput = 'sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"'
const rfcSignature = 'sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:'
const rfcBase = [
  '"date": Tue, 20 Apr 2021 02:07:55 GMT',
  '"@authority": example.com',
  '"content-type": application/json',
  '"@signature-params": ("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
].join('\n')

const rfcRequest: SignedRequest = {
  method: 'POST',
  targetUri: 'http://example.com/foo?param=Value&Pet=dog',
  headers: new Map([
    ['date', ['Tue, 20 Apr 2021 02:07:55 GMT']],
    ['content-type', ['application/json']],
  ]),
}

function parsed(input: string, signature = 'sig=:AAAA:'): ParsedSignature {
  const found = parseSignature(input, signature)
  if (found === undefined) throw new Error(`${input} was not read`)
  return found
}

function baseOf(input: string, request = rfcRequest): string {
  const built = signatureBase(parsed(input).covered, request)
  return 'base' in built ? built.base : `missing ${built.missing}`
}

describe('the vectors of RFC 9421', () => {
  it('B.2.5: the signature base and the signature are those of the RFC', () => {
    const signature = parsed(rfcInput, rfcSignature)
    const built = signatureBase(signature.covered, rfcRequest)
    expect(built).toEqual({ base: rfcBase })
    expect(createHmac('sha256', sharedSecret).update(rfcBase).digest()).toEqual(Buffer.from(signature.signature))
    expect(hmacSha256(sharedSecret, rfcBase)).toEqual(Buffer.from(signature.signature))
  })

  it.each([
    ['@method', 'POST'],
    ['@target-uri', 'http://example.com/foo?param=Value&Pet=dog'],
    ['@authority', 'example.com'],
    ['@scheme', 'http'],
    ['@path', '/foo'],
    ['@query', '?param=Value&Pet=dog'],
  ])('section 2.2: %s', (component, value) => {
    expect(baseOf(`sig=("${component}")`)).toBe(`"${component}": ${value}\n"@signature-params": ("${component}")`)
  })

  it('section 2.2.7: a missing query is signed as a question mark', () => {
    expect(baseOf('sig=("@query")', { ...rfcRequest, targetUri: 'http://example.com/foo' })).toContain('"@query": ?\n')
  })

  it('section 2.1: repeated headers are joined, and surrounding white space is not signed', () => {
    const headers = new Map([['x-list', [' one ', 'two']]])
    expect(baseOf('sig=("x-list")', { ...rfcRequest, headers })).toContain('"x-list": one, two\n')
  })
})

describe('what is refused', () => {
  it.each([
    ['nothing', '', ''],
    ['two signatures', 'a=("@method"), b=("@method")', 'a=:AAAA:, b=:AAAA:'],
    ['two values and one input', 'a=("@method")', 'a=:AAAA:, b=:AAAA:'],
    ['a different label', 'a=("@method")', 'b=:AAAA:'],
    ['a component twice', 'sig=("@method" "@method")', 'sig=:AAAA:'],
    ['no list', 'sig="@method"', 'sig=:AAAA:'],
    ['a component that is not a string', 'sig=(method)', 'sig=:AAAA:'],
    ['a signature that is not a byte sequence', 'sig=("@method")', 'sig="AAAA"'],
    ['a broken list', 'sig=("@method"', 'sig=:AAAA:'],
    ['broken base64', 'sig=("@method")', 'sig=:A*A:'],
  ])('%s', (_what, input, signature) => {
    expect(parseSignature(input, signature)).toBeUndefined()
  })

  it.each([
    'expires="1700000000"',
    'expires=1700000000.5',
    'expires=?1',
    'expires=:MTc=:',
    'expires',
    'created="1700000000"',
    'created=tomorrow',
    'alg=hmac-sha256',
    'alg=1',
    'alg',
    'nonce=12345678',
    'nonce=:AAAA:',
    'keyid=acme',
    'keyid=1',
    'tag=1',
  ])('a parameter of the wrong type: %s', (parameter) => {
    expect(parseSignature(`sig=("@method");${parameter}`, 'sig=:AAAA:')).toBeUndefined()
    expect(parseSignature(`sig=( "@method" );more=1;${parameter}`, 'sig=:AAAA:')).toBeUndefined()
  })

  it('but not an unknown parameter', () => {
    expect(parseSignature('sig=("@method");created=1;more=?1', 'sig=:AAAA:')).toMatchObject({ created: 1 })
  })

  it.each(['@status', '@request-target', '@query-param', 'x-missing'])(
    'a component that the request does not have: %s',
    (component) => {
      expect(baseOf(`sig=("${component}")`)).toBe(`missing ${component}`)
    },
  )

  it('a component with parameters, which are not supported', () => {
    expect(baseOf('sig=("date";sf)')).toBe('missing date')
  })

  it('parsing never throws, whatever the text', () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom(rfcInput, rfcSignature))
    fc.assert(
      fc.property(text, text, fc.nat(200), (input, signature, cut) => {
        const found = parseSignature(input.slice(0, cut), signature)
        if (found !== undefined) signatureBase(found.covered, rfcRequest)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('Content-Digest (RFC 9530)', () => {
  it('is the SHA-256 of the body', () => {
    expect(contentDigest(Buffer.from('{"hello": "world"}\n'))).toBe(
      `sha-256=:${createHash('sha256').update('{"hello": "world"}\n').digest('base64')}:`,
    )
    // RFC 9530, appendix A: the digest of an empty body.
    expect(contentDigest(Buffer.from(''))).toBe('sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:')
  })

  it('ignores other algorithms, and is false for any wrong digest', () => {
    const body = Buffer.from('body')
    expect(digestMatches(`sha-512=:AAAA:, ${contentDigest(body)}`, body)).toBe(true)
    for (const header of [
      '',
      'sha-512=:AAAA:',
      'sha-256=AAAA',
      'sha-256=:AAAA:',
      'sha-256=:',
      contentDigest(Buffer.from('other')),
    ]) {
      expect(digestMatches(header, body), header).toBe(false)
    }
  })
})

it('reads the usual form and all equivalent forms alike', () => {
  const name = fc.constantFrom('@method', '@target-uri', 'content-digest', 'date', 'x-a')
  const value = fc.oneof(fc.nat(), fc.string({ unit: fc.constantFrom(...'abc:-_.09 ') }))
  const parameter = fc.tuple(fc.constantFrom('created', 'expires', 'nonce', 'keyid', 'alg', 'tag'), value)
  fc.assert(
    fc.property(fc.uniqueArray(name, { minLength: 1 }), fc.array(parameter, { maxLength: 6 }), (names, parameters) => {
      const list = names.map((one) => `"${one}"`)
      const rest = parameters.map(([key, one]) => `;${key}=${typeof one === 'number' ? one : `"${one}"`}`).join('')
      const usual = parseSignature(`sig=(${list.join(' ')})${rest}`, 'sig=:AAECAw==:')
      // White space inside the list is allowed, but is not part of the usual form.
      const other = parseSignature(`sig=( ${list.join('  ')} )${rest}`, 'sig=:AAECAw==:')
      const counting = new Map(parameters)
      const typed = [...counting].every(([key, one]) => /created|expires/.test(key) === (typeof one === 'number'))
      expect(usual !== undefined).toBe(typed)
      expect({ ...usual, signature: [...(usual?.signature ?? [])] }).toEqual({
        ...other,
        signature: [...(other?.signature ?? [])],
      })
    }),
    { numRuns: 500 },
  )
})

it('a change to anything signed is detected', () => {
  const visible = fc.string({ minLength: 8, maxLength: 40, unit: fc.constantFrom(...'abcdefgh0123') })
  const call = fc.record({ path: visible, body: visible, nonce: visible, created: fc.nat(2_000_000_000), keyId: visible })
  fc.assert(
    fc.property(call, fc.constantFrom('method', 'path', 'body', 'nonce', 'created', 'keyid'), (one, changed) => {
      const targetUri = `https://api.example.com/${one.path}`
      const input = {
        method: 'POST',
        targetUri,
        body: Buffer.from(one.body),
        keyId: one.keyId,
        secret: 'secret',
        created: one.created,
        nonce: one.nonce,
      }
      const headers = signedHeaders(input)
      const verify = (request: Partial<SignedRequest>, signatureInput = headers['signature-input'], body = one.body): boolean => {
        const found = parseSignature(signatureInput, headers.signature)
        if (found === undefined) return false
        const digest = headers['content-digest']
        const built = signatureBase(found.covered, {
          method: 'POST',
          targetUri,
          headers: new Map([['content-digest', [digest]]]),
          ...request,
        })
        const right = 'base' in built && hmacSha256('secret', built.base).equals(Buffer.from(found.signature))
        return right && digestMatches(digest, Buffer.from(body))
      }
      expect(verify({})).toBe(true)
      const swapped = (from: string, to: string): string => headers['signature-input'].replace(from, to)
      const changes: Record<string, () => boolean> = {
        method: () => verify({ method: 'PUT' }),
        path: () => verify({ targetUri: `${targetUri}x` }),
        body: () => verify({}, headers['signature-input'], `${one.body}x`),
        nonce: () => verify({}, swapped(`nonce="${one.nonce}"`, `nonce="${one.nonce}x"`)),
        created: () => verify({}, swapped(`created=${one.created}`, `created=${one.created + 1}`)),
        keyid: () => verify({}, swapped(`keyid="${one.keyId}"`, `keyid="${one.keyId}x"`)),
      }
      expect(changes[changed]?.()).toBe(false)
    }),
    { numRuns: 300 },
  )
})

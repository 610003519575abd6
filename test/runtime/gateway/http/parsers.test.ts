import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describedRequestIn, messageRequest } from '../../../../src/domain/message.ts'
import { Problem } from '../../../../src/domain/problem.ts'
import type { HttpRequest } from '../../../../src/runtime/gateway/http/http.ts'
import { validated } from '../../../../src/runtime/gateway/http/input.ts'
import { fingerprint, idempotencyKey } from '../../../../src/runtime/gateway/messages/idempotency.ts'
import { message } from '../../../support/world.ts'

function requestWith(...values: string[]): HttpRequest {
  const headers = new Map(values.length === 0 ? [] : [['idempotency-key', values] as const])
  return { method: 'POST', target: '/', headers, body: new Uint8Array(), origin: '', address: '' }
}

describe('idempotencyKey', () => {
  const visible = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code))
  const plain = fc.string({ unit: visible.filter((one) => one !== '"' && one !== '\\'), minLength: 1, maxLength: 255 })

  it('is the same with and without quotes', () => {
    fc.assert(
      fc.property(plain, (key) => {
        expect(idempotencyKey(requestWith(key))).toBe(key)
        expect(idempotencyKey(requestWith(`"${key}"`))).toBe(key)
      }),
    )
  })

  it('is absent without the header', () => expect(idempotencyKey(requestWith())).toBeUndefined())

  it('is refused with any other value, or when repeated', () => {
    const invalid = fc.oneof(
      fc.constantFrom(
        '',
        '""',
        '"',
        '"a',
        'a"',
        '"a"b"',
        '"\\"',
        ' ',
        'a b',
        ' a',
        'a ',
        'a\tb',
        'k'.repeat(256),
        `"${'k'.repeat(256)}"`,
      ),
      fc.string({ unit: 'binary' }).filter((text) => /[^\x21-\x7e]/.test(text)),
    )
    const refusal = expect.objectContaining({ code: 'invalid-idempotency-key' })
    const thrownBy = (request: HttpRequest): unknown => {
      try {
        return idempotencyKey(request)
      } catch (error) {
        return error
      }
    }
    fc.assert(fc.property(invalid, (text) => void expect(thrownBy(requestWith(text))).toEqual(refusal)))
    fc.assert(fc.property(plain, (key) => void expect(thrownBy(requestWith(key, key))).toEqual(refusal)))
  })
})

/** The same JSON with the members of every object reordered. */
function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, shuffled(member)]),
  )
}

const afterJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe('fingerprint', () => {
  const of = (body: unknown): string => fingerprint('POST', '/v1.0/messages', body)

  it('does not depend on the order of members or on whitespace', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(8), (value, indent) => {
        expect(of(shuffled(value))).toBe(of(value))
        expect(of(JSON.parse(JSON.stringify(value, null, indent)))).toBe(of(value))
      }),
    )
  })

  it('differs for any other value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        expect(of(one) === of(other)).toBe(isDeepStrictEqual(afterJson(shuffled(one)), afterJson(shuffled(other))))
      }),
    )
    const bodies: unknown[] = [
      null,
      {},
      [],
      '',
      0,
      false,
      [[]],
      [{}],
      { a: 1 },
      { a: '1' },
      { b: 1 },
      [1, 2],
      [2, 1],
      [12],
      { a: [1], b: 2 },
      { a: [1, 2] },
      { 'a":1,"b': 2 },
    ]
    expect(new Set(bodies.map(of)).size).toBe(bodies.length)
  })

  it('differs for any changed field of a message', () => {
    fc.assert(
      fc.property(fc.constantFrom('to', 'from', 'text'), fc.string(), (field, value) => {
        fc.pre(value !== message[field])
        expect(of({ ...message, [field]: value })).not.toBe(of(message))
      }),
    )
  })

  it('differs for a different method, path or environment', () => {
    const all = ['GET /v1.0/messages', 'POST /v1.0/messages', 'POST /test/v1.0/messages', 'POST /v1.1/messages'].map((line) =>
      line.split(' '),
    )
    expect(new Set(all.map(([method = '', path = '']) => fingerprint(method, path, message))).size).toBe(all.length)
  })
})

/** Whether a pointer refers to a part of the value, or to a missing member of one of its objects. */
function pointsInto(value: unknown, pointer: string): boolean {
  const segments = pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  let at = value
  for (const [i, segment] of segments.entries()) {
    if (at === null || typeof at !== 'object') return false
    if (!Object.hasOwn(at, segment)) return i === segments.length - 1
    at = (at as Record<string, unknown>)[segment]
  }
  return pointer === '' || pointer.startsWith('/')
}

describe('the schema of a message', () => {
  function errorsOf(value: unknown): readonly { pointer: string; detail: string }[] {
    try {
      validated(messageRequest, value)
      return []
    } catch (error) {
      if (error instanceof Problem && error.code === 'invalid-request') return error.errors ?? []
      throw error
    }
  }
  const names = fc.constantFrom('to', 'from', 'text', 'type', 'subject', 'ref', 'sendAt', 'ttl', '__proto__', 'a/b', '~', '')

  it('reports what is wrong with any JSON, and never throws', () => {
    const changed = fc.dictionary(names, fc.jsonValue()).map((changes) => ({ ...message, ...changes }))
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), changed), (value) => {
        for (const { pointer, detail } of errorsOf(value)) {
          expect(pointsInto(value, pointer)).toBe(true)
          expect(detail).not.toBe('')
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('refuses every unknown field', () => {
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), (name, value) => {
        fc.pre(!Object.hasOwn(describedRequestIn('euc-kr').shape, name))
        const body: unknown = JSON.parse(`{${JSON.stringify(name)}:${JSON.stringify(value)},${JSON.stringify(message).slice(1)}`)
        const pointer = `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
        expect(errorsOf(body)).toEqual([{ pointer, detail: 'is not a known field' }])
      }),
    )
  })
  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('refuses the field %s', (name) => {
    const body: unknown = JSON.parse(`{"${name}":{"to":"x"},${JSON.stringify(message).slice(1)}`)
    expect(errorsOf(body)).toEqual([{ pointer: `/${name}`, detail: 'is not a known field' }])
  })
})

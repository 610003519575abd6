import { expect } from 'vitest'
import { messageIdPattern } from '../../src/domain/ids.ts'
import { type ApiProblemCode, problemTable } from '../../src/domain/problem.ts'
import type { Answer } from './http.ts'
import { messageText, type World } from './world.ts'

/** Checks the guarantees of every problem response. */
export function expectProblem(answer: Answer, code: ApiProblemCode, world?: World): void {
  const { status, retryable, title } = problemTable[code]
  expect(answer.body).toMatchObject({ code, status, retryable, title, type: `urn:apigw:problem:${code}` })
  expect(answer.status).toBe(status)
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(answer.headers.get('x-request-id')).toMatch(messageIdPattern)
  expect(answer.body.requestId).toBe(answer.headers.get('x-request-id'))
  expect(answer.body.detail).toEqual(expect.stringMatching(/\S/))
  expect(answer.headers.has('www-authenticate')).toBe(status === 401)
  expect(answer.text).not.toContain(messageText)
  expect(answer.text).not.toMatch(/swordfish|apigw_(?:live|test)_|node:|\.ts\b|127\.0\.0\.1/)
  for (const key of world === undefined ? [] : [world.live, world.test]) expect(answer.text).not.toContain(key.secret)
}

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { ready } from './ready.ts'

/** What DynamoDB takes for a write in its own region, in milliseconds. */
const takesMs = 5

/** Answers as DynamoDB does, and keeps nothing. */
const server = createServer(async (request, response) => {
  await text(request)
  await sleep(takesMs)
  const action = String(request.headers['x-amz-target']).split('.')[1] ?? ''
  const head = { openDay: { S: new Date().toISOString().slice(0, 10) } }
  const answers: Record<string, object> = { BatchGetItem: { Responses: { 'apigw-ledger': [head] } }, Query: { Items: [] } }
  response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(answers[action] ?? {}))
})
server.listen(0, '127.0.0.1', () => ready((server.address() as AddressInfo).port))

import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ready } from './ready.ts'

/** The ceiling: node:http reads the same body and answers 202. No authentication, no validation, no counting. */
const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const { ref }: { ref?: string } = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    const answer = JSON.stringify({ id: randomUUID(), ref, status: 'accepted' })
    response.writeHead(202, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) })
    response.end(answer)
  })
})
server.listen(0, '127.0.0.1', () => ready((server.address() as AddressInfo).port))

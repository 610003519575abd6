import { createServer, type ServerResponse } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { cidrText } from '../../../src/operations/waf/cidr.ts'
import { ownAddresses, publicAddress } from '../../../src/operations/waf/my-address.ts'

/** A server in place of checkip.amazonaws.com. */
async function answering(answer: (response: ServerResponse) => void): Promise<URL> {
  const server = createServer((_, response) => answer(response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  return new URL(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`)
}

test('the public address is the response of AWS', async () => {
  const found = await publicAddress(await answering((response) => response.end('203.0.113.7\n')))
  expect(found && cidrText(found)).toBe('203.0.113.7/32')
})

test.each<[string, (response: ServerResponse) => void]>([
  ['a page of a hotel', (response) => response.end('<html>Welcome!</html>')],
  ['nothing', (response) => response.end()],
  ['an error', (response) => response.writeHead(503).end('203.0.113.7')],
  ['another place', (response) => response.writeHead(302, { location: 'https://example.com/' }).end()],
  ['silence', () => undefined],
])('%s gives undefined and no error', async (_, answer) => {
  expect(await publicAddress(await answering(answer), 200)).toBeUndefined()
})

test('the addresses of the network interfaces parse as ranges', () => {
  for (const cidr of ownAddresses()) expect(cidr.prefix).toBe(cidr.family === 4 ? 32 : 128)
})

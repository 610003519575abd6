import { createServer, type ServerResponse } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { cidrText } from '../../../src/operations/waf/cidr.ts'
import { ownAddresses, publicAddress } from '../../../src/operations/waf/my-address.ts'

/** Something that says from where it is called, or does not. */
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

test("one's own address is what AWS answers", async () => {
  const found = await publicAddress(await answering((response) => response.end('203.0.113.7\n')))
  expect(found && cidrText(found)).toBe('203.0.113.7/32')
})

test.each<[string, (response: ServerResponse) => void]>([
  ['a page of a hotel', (response) => response.end('<html>Welcome!</html>')],
  ['nothing', (response) => response.end()],
  ['an error', (response) => response.writeHead(503).end('203.0.113.7')],
  ['another place', (response) => response.writeHead(302, { location: 'https://example.com/' }).end()],
  ['silence', () => undefined],
])('%s is no address, and no failure', async (_, answer) => {
  expect(await publicAddress(await answering(answer), 200)).toBeUndefined()
})

test("this machine's own addresses can be read as ranges", () => {
  for (const cidr of ownAddresses()) expect(cidr.prefix).toBe(cidr.family === 4 ? 32 : 128)
})

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { project } from '../operations/stacks/installation.ts'
import { awsServer } from '../support/aws-server.ts'
import { childOf } from './run.ts'

test('Ctrl-C while AWS does not answer is acknowledged, and a second Ctrl-C exits', async () => {
  const { env } = await awsServer({})
  const silent = createServer()
  await once(silent.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => silent.closeAllConnections())
  onTestFinished(() => void silent.close())
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
  const child = childOf(['destroy', '--yes'], { cwd: project(), env: { ...env, AWS_ENDPOINT_URL: url } })
  await once(silent, 'request')
  child.kill('SIGINT')
  const [message] = await once(child.stderr.setEncoding('utf8'), 'data')
  expect(message).toBe('Stopping once AWS answers. Press Ctrl-C again to exit now.\n')
  child.kill('SIGINT')
  expect(await once(child, 'exit')).toEqual([null, 'SIGINT'])
})

import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { startLocal } from '../../../src/dev/local/index.ts'
import { addCustomer } from '../../../src/operations/customers/index.ts'
import { jsonError, run } from '../../cli/run.ts'
import { temporaryFolder } from '../../support/names.ts'
import { until } from '../../support/until.ts'

test('apigw dev gives messages the code of the operator, and says so in its folder', async () => {
  const cwd = temporaryFolder()
  const folder = join(cwd, '.apigw')
  const actor = { who: 'tester', from: 'here' }
  const local = await startLocal({ folder, port: 0, sqsPort: 0, actor, originCode: 'OP9', onFault: () => undefined })
  onTestFinished(() => local.stop())
  const { keys } = await addCustomer(local.context, {
    id: 'acme',
    quota: { day: 3 },
    queue: 'carrier-a',
    senders: ['1588-1234'],
    keysFor: ['live'],
  })
  const sendAt = new Date(Date.now() + 86_400_000).toISOString()
  const { status } = await fetch(`${local.gateway}/v1.0/messages`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(keys[0]?.basic ?? '').toString('base64')}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ to: '010-1234-5678', from: '1588-1234', text: 'Hello', sendAt }),
  })
  expect(status).toBe(202)
  const database = new DatabaseSync(join(folder, 'messages.db'), { readOnly: true })
  onTestFinished(() => database.close())
  const held = () => database.prepare('SELECT message FROM held_messages').all()
  await until(() => held().length > 0)
  expect(held()[0]?.message).toContain('"originCode":"OP9"')
  const { stdout } = await run(['customer', 'show', 'acme', '--json'], { cwd })
  expect(JSON.parse(stdout)).toMatchObject({ originCode: { code: 'OP9', of: 'operator' } })
})

test('a code of a wrong form stops the start', async () => {
  const failed = await run(['dev', '--port', '0', '--origin-code', 'a b', '--json'], { cwd: temporaryFolder() })
  expect([failed.code, jsonError(failed)]).toMatchObject([2, { code: 'input-invalid' }])
})

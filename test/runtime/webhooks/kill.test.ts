import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { Authority } from '../../../src/dev/rehearse/aws/authority.ts'
import { eventId } from '../../../src/domain/webhook.ts'
import { openWebhooks } from '../../../src/runtime/ports/index.ts'
import { createSender } from '../../../src/runtime/webhooks/index.ts'
import { startChild } from '../../support/child.ts'
import { startDynamo } from '../../support/dynamodb.ts'
import { temporaryFolder } from '../../support/names.ts'
import { until } from '../../support/until.ts'
import { endpointOf, masterKey, startReceiver } from './receiver.ts'

it('kill -9 of the worker while it delivers: every event arrives, with the id that it had', { timeout: 120_000 }, async () => {
  const dynamo = await startDynamo()
  onTestFinished(() => dynamo.stop())
  const place = { endpoint: dynamo.endpoint, region: 'ap-northeast-2' }
  const webhooks = openWebhooks(place)
  const ledger = dynamo.open()
  const owner = { customer: 'acme', environment: 'live' } as const
  let hold = 130
  // It answers this many and then no longer, so that the worker dies in the middle of a turn.
  const receiver = await startReceiver((response) => (hold-- > 0 ? response.writeHead(200).end() : undefined))
  const { webhook } = endpointOf(owner, receiver.url)
  await webhooks?.save(webhook)
  const reports = Array.from({ length: 250 }, (_, at) => ({ id: `m${at}`, status: 'delivered', at: Date.now() }) as const)
  await ledger.append(owner, reports)
  const start = () =>
    startChild('webhooks', {
      APIGW_LEDGER_ENDPOINT: dynamo.endpoint,
      APIGW_MASTER_KEY: masterKey,
      APIGW_WEBHOOK_LOCAL: 'allow',
      AWS_REGION: place.region,
    })
  const first = start()
  await until(() => receiver.got.length > 130)
  first.process.kill('SIGKILL')
  expect(await first.ended).toBe('SIGKILL')
  hold = Number.POSITIVE_INFINITY
  // The lease of the dead worker would end after a minute and a half.
  const held = await webhooks?.progress(webhook)
  if (held === undefined) throw new Error('there is progress')
  await webhooks?.saveProgress(webhook, { ...held.value, lease: { holder: 'dead', until: 0 } }, held.revision)
  const second = start()
  const wanted = new Set(reports.map(({ id }) => eventId('acme', 'live', 'message.delivered', id)))
  await until(() => new Set(receiver.ids()).size === wanted.size)
  expect(new Set(receiver.ids())).toEqual(wanted)
  expect(receiver.got.length).toBeGreaterThan(wanted.size)
  await until(async () => (await webhooks?.progress(webhook))?.value.lease === undefined)
  second.process.kill('SIGTERM')
  expect(await second.ended).toBe(0)
})

it('a receiver with a certificate of an unknown authority gets nothing', async () => {
  const authority = await Authority.create('openssl', temporaryFolder(), 'unknown')
  const { key, cert } = await authority.issue(['localhost'])
  const server = createServer({ key, cert }, (_request, response) => response.end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const sender = createSender({ local: true })
  onTestFinished(() => {
    sender.close()
    server.close()
  })
  const url = `https://localhost:${(server.address() as AddressInfo).port}/`
  expect((await sender.send({ url, headers: {}, body: '{}' })).why).toMatch(/^tls: /)
})

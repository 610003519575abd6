import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { bundle } from '../../../scripts/bundle.ts'
import { settingsText } from '../../../src/operations/trail/settings.ts'
import { Table } from '../../../src/runtime/ports/index.ts'
import { awsServer } from '../../support/aws-server.ts'
import { type Dynamo, startDynamo } from '../../support/dynamodb.ts'
import { loopbackSlack } from '../../support/slack.ts'
import { bridged, example, sns } from './world.ts'

let folder: string
let dynamo: Dynamo
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'apigw-notifier-'))
  await bundle(folder, ['notifier'])
  // As `apigw trail install` packs them.
  writeFileSync(join(folder, 'settings.json'), await settingsText({}))
  dynamo = await startDynamo()
})
afterAll(async () => {
  await dynamo.stop()
  rmSync(folder, { recursive: true, force: true })
})
afterEach(() => void vi.unstubAllEnvs())

const context = { getRemainingTimeInMillis: () => 50_000 }

it('the deployed function posts, posts once, and uses a webhook that was corrected', async () => {
  const gone = await loopbackSlack([{ status: 404, body: 'no_service' }])
  const slack = await loopbackSlack()
  let webhook = slack.url
  const secrets = await awsServer(() => ({ SecretString: webhook }))
  const table = new Table({ endpoint: dynamo.endpoint, region: 'ap-northeast-2', table: 'alerts-deployed' })
  await table.create()
  vi.stubEnv('AWS_REGION', 'ap-northeast-2')
  vi.stubEnv('APIGW_ALERTS_TABLE', 'alerts-deployed')
  vi.stubEnv('APIGW_ALERTS_ENDPOINT', dynamo.endpoint)
  vi.stubEnv('APIGW_SECRETS_ENDPOINT', secrets.url)
  vi.stubEnv('APIGW_SLACK_SECRET', 'apigw-trail-slack')
  const { handler }: { handler(event: unknown, given: typeof context): Promise<unknown> } = await import(
    pathToFileURL(join(folder, 'notifier.mjs')).href
  )
  const stopped = example('trail-stopped')
  await handler({ Records: [sns(bridged(stopped))] }, context)
  await handler({ Records: [sns(bridged(stopped))] }, context)
  expect(slack.delivered).toHaveLength(1)
  expect(secrets.asked).toHaveLength(1)

  // A running function keeps the address it has read; the next cold start reads the new one.
  webhook = gone.url
  const { handler: another }: { handler: typeof handler } = await import(
    `${pathToFileURL(join(folder, 'notifier.mjs')).href}?cold`
  )
  const event = { Records: [sns(bridged(example('user-created')))] }
  await expect(another(event, context)).rejects.toThrow(/no_service/)
  webhook = slack.url
  await another(event, context)
  expect(slack.delivered).toHaveLength(2)
  expect(JSON.stringify(slack.delivered[1])).toContain('user-created')
})

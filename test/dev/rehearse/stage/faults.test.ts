import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { playMessages, type Step } from '../../../../src/dev/rehearse/play/messages.ts'
import { RehearsedStage } from '../../../../src/dev/rehearse/stage/stage.ts'
import type { DeploySettings, StackKey } from '../../../../src/domain/stage.ts'
import { least, place, root, sentStage, withChange } from '../stages.ts'

/** Runs a stage with one template changed. @returns the first step that failed, and what was found */
async function brokenStage(settings: DeploySettings, key: StackKey, from: string | RegExp, to: string) {
  const stacks = withChange(await sentStage(settings, root), key, from, to)
  const folder = mkdtempSync(join(tmpdir(), 'apigw-rehearse-'))
  const stage = await RehearsedStage.start({ stacks, place, folder, root })
  const steps: Step[] = []
  try {
    await playMessages(stage, (step) => steps.push(step), 3_000)
    return {
      failed: steps.find(({ passed }) => !passed)?.what,
      findings: stage.findings.all.map(({ at, message }) => `${at} ${message}`),
    }
  } finally {
    await stage.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

const accepted = 'a signed call of the customer is accepted'
const stored = 'its message is in the table of the carrier'

const faults: readonly {
  readonly what: string
  readonly key: StackKey
  readonly from: string | RegExp
  readonly to: string
  readonly fails: string
  readonly finds: RegExp
  readonly settings?: DeploySettings
}[] = [
  {
    what: 'a network ACL that lets answers in on the ports of Linux alone',
    key: 'network',
    from: 'PortRange: {From: 1024, To: 65535}\n  PrivateAclToInside',
    to: 'PortRange: {From: 32768, To: 65535}\n  PrivateAclToInside',
    fails: 'the customer reads its report',
    finds: /ReportsFunction cannot reach dynamodb.*PrivateAcl/,
  },
  {
    what: 'a database that the worker may not reach',
    key: 'network',
    from: /( {2}MariaDbFromWorker:[\s\S]*?FromPort: )3306/,
    to: '$13307',
    fails: stored,
    finds: /DatabaseLoginFunction cannot reach .*rds\.amazonaws\.com:3306/,
  },
  {
    what: 'a function that does not trust the certificates of RDS',
    key: 'worker',
    from: /NODE_EXTRA_CA_CERTS: .*\n/,
    to: '\n',
    fails: stored,
    finds: /CarrierTrigger .*certificate/,
  },
  {
    what: 'a gateway that may not send to the queue',
    key: 'gateway',
    from: 'Action: [sqs:GetQueueUrl, sqs:SendMessage]',
    to: 'Action: [sqs:GetQueueUrl]',
    fails: accepted,
    finds: /GatewayFunction AWS denies sqs:SendMessage on .*apigw-prod-carrier-a/,
  },
  {
    what: 'an API that does not let in its own endpoint',
    key: 'gateway',
    from: "{'aws:SourceVpce': !Ref ApiEndpoint}",
    to: "{'aws:SourceVpce': vpce-1}",
    fails: accepted,
    finds: /apigw-prod-gateway\/Api does not answer calls of the balancer: the policy of the API does not allow it/,
  },
  {
    what: 'an endpoint whose policy does not let images through',
    key: 'network',
    from: '[s3:GetObject, s3:ListBucket, s3:PutObject]',
    to: '[s3:GetObject, s3:ListBucket]',
    fails: 'an image is kept',
    finds: /AWS denies s3:PutObject .* the policy of the VPC endpoint apigw-prod-network\/S3Endpoint does not allow it/,
  },
  {
    what: 'a gateway that does not know the sandbox queue of its stage',
    key: 'gateway',
    from: /APIGW_SANDBOX_QUEUE: .*\n/,
    to: '\n',
    fails: 'a call to the test environment is accepted',
    finds: /AWS denies sqs:GetQueueUrl on .*:sandbox:/,
  },
  {
    what: 'a function whose time is over before it answers',
    key: 'worker',
    from: 'Timeout: 30',
    to: 'Timeout: 0.001',
    fails: stored,
    finds: /Task timed out after 0.001 seconds/,
  },
  {
    what: 'a solo worker that may not log in to the database',
    settings: { ...least, size: 'solo' },
    key: 'worker',
    from: 'Action: rds-db:connect',
    to: 'Action: rds-db:other',
    fails: stored,
    finds: /WorkerFunction AWS denies rds-db:connect on arn:aws:rds-db:.*:dbuser:db-[A-Z0-9]+\/apigw/,
  },
  {
    what: 'a solo gateway that may not write into the table of the registry',
    settings: { ...least, size: 'solo' },
    key: 'gateway',
    from: 'dynamodb:BatchWriteItem, dynamodb:PutItem, dynamodb:Query',
    to: 'dynamodb:BatchWriteItem, dynamodb:Query',
    fails: accepted,
    finds: /AWS denies dynamodb:PutItem on .*table\/apigw-prod-data-RegistryTable/,
  },
  {
    what: 'a solo network without its way to DynamoDB',
    settings: { ...least, size: 'solo' },
    key: 'network',
    from: /( {2}DynamoDbEndpoint:[\s\S]*?RouteTableIds: )\[.*?\]/,
    to: '$1[!Ref PublicRouteTable]',
    fails: 'the customer reads its report',
    finds: /ReportsFunction cannot reach dynamodb/,
  },
]

test.each(faults)('the rehearsal finds $what', async ({ key, from, to, fails, finds, settings = least }) => {
  const { failed, findings } = await brokenStage(settings, key, from, to)
  expect(failed, findings.join('\n')).toBe(fails)
  expect(findings).toEqual(expect.arrayContaining([expect.stringMatching(finds)]))
})

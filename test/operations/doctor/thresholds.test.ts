import { expect, it, vi } from 'vitest'
import type { Account } from '../../../src/operations/doctor/aws/account.ts'
import { checkThresholds } from '../../../src/operations/doctor/aws/thresholds.ts'
import { type Answer, awsServer } from '../../support/aws-server.ts'

async function checked(by: string | undefined, answer: Answer) {
  const aws = await awsServer(() => answer)
  for (const [name, value] of Object.entries(aws.env)) vi.stubEnv(name, value)
  const keys = { accessKeyId: 'a', secretAccessKey: 'b' }
  const account: Account = {
    id: '123456789012',
    arn: 'arn:aws:iam::123456789012:user/kim',
    stage: 'prod',
    region: 'ap-northeast-2',
    options: { region: 'ap-northeast-2', maxAttempts: 1 },
    place: { region: 'ap-northeast-2', profile: undefined },
    credentials: async () => keys,
    stack: async () => ({
      status: 'CREATE_COMPLETE',
      outputs: {},
      parameters: by === undefined ? {} : { Thresholds: by },
      drift: { status: 'IN_SYNC', checkedAt: 0 },
    }),
  }
  return { checks: await checkThresholds(account, AbortSignal.timeout(20_000)), asked: aws.asked.length }
}

const missing: Answer = { error: 'ResourceNotFoundException', message: 'no such secret', status: 400 }

it('finds that Slack was chosen and its secret is missing or deleted, and asks nothing where it was not', async () => {
  expect(await checked('slack', missing)).toMatchObject({
    checks: [
      { state: 'fail', detail: expect.stringContaining('apigw-prod-slack'), fix: expect.stringContaining('create-secret') },
    ],
  })
  expect((await checked('both', { Name: 'apigw-prod-slack', DeletedDate: 1_700_000_000 })).checks).toMatchObject([
    { state: 'fail' },
  ])
  expect((await checked('both', { Name: 'apigw-prod-slack' })).checks).toMatchObject([{ state: 'ok' }])
  for (const by of [undefined, 'none', 'mail']) expect(await checked(by, missing)).toEqual({ checks: [], asked: 0 })
})

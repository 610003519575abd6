import { expect, it } from 'vitest'
import { secretFrom } from '../../src/runtime/ports/index.ts'
import { awsServer } from '../support/aws-server.ts'

const arn = 'arn:aws:secretsmanager:ap-northeast-2:123456789012:secret:apigw-prod-registry-password-AbCdEf'

it('is the given text, without a request to Secrets Manager', async () => {
  const { url: endpoint, asked: calls } = await awsServer(() => ({ SecretString: 'other' }))
  const env = { APIGW_DATABASE_PASSWORD: 'here', APIGW_DATABASE_PASSWORD_SECRET: arn, APIGW_SECRETS_ENDPOINT: endpoint }
  expect(await secretFrom(env, 'APIGW_DATABASE_PASSWORD')).toBe('here')
  expect(calls).toEqual([])
})

it('is read from Secrets Manager when only its ARN is given', async () => {
  const { url: endpoint, asked: calls } = await awsServer(() => ({ ARN: arn, SecretString: 'swordfish' }))
  const env = { APIGW_REGISTRY_PASSWORD_SECRET: arn, APIGW_SECRETS_ENDPOINT: endpoint, AWS_REGION: 'ap-northeast-2' }
  expect(await secretFrom(env, 'APIGW_REGISTRY_PASSWORD')).toBe('swordfish')
  expect(calls).toMatchObject([
    { action: 'GetSecretValue', body: JSON.stringify({ SecretId: arn }), region: 'ap-northeast-2', service: 'secretsmanager' },
  ])
})

it('is undefined when neither is given', async () => {
  expect(await secretFrom({ APIGW_MASTER_KEY: '', APIGW_MASTER_KEY_SECRET: '' }, 'APIGW_MASTER_KEY')).toBeUndefined()
})

it.each([
  ['AWS refuses it', { error: 'AccessDeniedException' }, /APIGW_MASTER_KEY_SECRET names cannot be read: AccessDeniedException/],
  ['it does not exist', { error: 'ResourceNotFoundException' }, /ResourceNotFoundException/],
  ['it is binary', { ARN: arn, SecretBinary: 'AAAA' }, /holds no text/],
])('names the variable and the reason when %s', async (_, answer, detail) => {
  const { url: endpoint } = await awsServer(() => answer)
  const env = { APIGW_MASTER_KEY_SECRET: arn, APIGW_SECRETS_ENDPOINT: endpoint }
  await expect(secretFrom(env, 'APIGW_MASTER_KEY')).rejects.toMatchObject({
    code: 'config-invalid',
    message: expect.stringMatching(detail),
  })
})

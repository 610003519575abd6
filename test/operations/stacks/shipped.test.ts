import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { DeploySettings } from '../../../src/domain/stage.ts'
import { monthlyCost, planStage } from '../../../src/operations/stacks/index.ts'
import { root, run, temporaryFolder } from '../../cli/run.ts'
import { image, least, shipped } from './variants.ts'

const everything: DeploySettings = {
  ...least,
  certificateArn: 'arn:aws:acm:ap-northeast-2:123456789012:certificate/1',
  front: 'container',
  worker: 'container',
  image,
  engine: 'postgres',
  size: 'large',
  egress: 'auto',
  monthlyGigabytes: 1500,
  waf: 'block',
  carrier: 'carrier-a',
  secondCarrier: 'carrier-b',
  charset: 'cp949',
  originCode: 'A123456789',
  alertEmail: 'ops@example.com',
  monthlyBudget: 1000,
  thresholds: 'both',
  detection: 'existing',
}

test.each([
  ['the least that is needed', least],
  ['every setting', everything],
])('%s fits the shipped templates', async (_, settings) => {
  const plans = await planStage({ name: 'prod', region: 'ap-northeast-2', settings }, [], shipped())
  expect(plans).toHaveLength(7)
  const cost = monthlyCost(plans, 'ap-northeast-2')
  expect(cost.dollarsAMonth).toBeGreaterThan(100)
  expect(cost.egress?.taken).toBe('endpoints')
  // Three of the stack, and the master password of RDS.
  expect(cost.lines).toContainEqual({ what: 'secrets: 4', dollarsAMonth: 1.6 })
})

test('the commented stage of a new apigw.yaml can be deployed unchanged', async () => {
  const cwd = temporaryFolder()
  const starter = readFileSync(join(root, 'templates/apigw.yaml'), 'utf8')
  writeFileSync(join(cwd, 'apigw.yaml'), starter.replaceAll(/^ {2}# (?=prod:| {2})/gm, '  '))
  const { code, stderr } = await run(['deploy', '--stage', 'prod', '--dry-run', '--out', 'build'], { cwd, root: shipped() })
  expect(code, stderr).toBe(0)
  expect(readdirSync(join(cwd, 'build'))).toContain('admin.yaml')
})

test('mails about quotas that no one gets are refused before anything is deployed', async () => {
  const settings = { ...least, alertEmail: undefined, alerts: 'none', thresholds: 'mail' } as const
  await expect(planStage({ name: 'prod', region: 'ap-northeast-2', settings }, [], shipped())).rejects.toMatchObject({
    code: 'config-invalid',
    message: expect.stringMatching(/^No one would get the mails about quotas/),
  })
})

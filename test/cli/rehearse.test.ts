import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { run, shownError, temporaryFolder } from './run.ts'

function project(deploy: Readonly<Record<string, unknown>>): string {
  const folder = temporaryFolder()
  const stages = { prod: { region: 'ap-northeast-2', deploy } }
  writeFileSync(join(folder, 'apigw.yaml'), stringify({ version: 1, stages }))
  return folder
}

const deploy = { domain: 'api.example.com', hostedZoneId: 'Z123', alerts: 'none' }

test('a stage is rehearsed without credentials, with the settings of apigw.yaml', async () => {
  const cwd = project({ ...deploy, engine: 'postgres', front: 'container', worker: 'container' })
  const { code, stdout, stderr } = await run(['deploy', '--rehearse', '--json'], { cwd })
  expect(code, stderr).toBe(0)
  const { stage, passed, steps, findings } = JSON.parse(stdout)
  expect({ stage, passed, findings }).toEqual({ stage: 'prod', passed: true, findings: [] })
  expect(steps.map(({ what }: { what: string }) => what)).toEqual([
    'CloudFormation creates all stacks',
    'a second deployment changes nothing',
    'the stage is deleted, except for what it keeps',
    'it is deployed again beside what was kept',
    'functions, containers and servers of the stage start',
    'the operator adds a customer through the admin function',
    'a signed call of the customer is accepted',
    'its message is in the table of the carrier',
    'the customer reads its report',
    'an image is kept',
    'a scheduled message is accepted',
    'its customer cancels it',
    'its report says so',
    'a call to the test environment is accepted',
    'the sandbox answers it',
    'a wrong secret is refused',
    'an event of CloudTrail reaches Slack',
    'a finding of GuardDuty reaches Slack',
    'an alarm reaches Slack',
  ])
})

test('settings that CloudFormation refuses fail the rehearsal, with the resource and the reason', async () => {
  const cwd = project({ ...deploy, parameters: { gateway: { FunctionMegabytes: 20_000 } } })
  const { code, stdout, stderr } = await run(['deploy', '--rehearse'], { cwd })
  expect(code).toBe(1)
  expect(stderr).toMatch(/✗ CloudFormation creates all stacks\n.*FunctionMegabytes/)
  expect(stdout).toMatch(/✗ \d+ of \d+ steps failed/)
})

test('settings that are not valid are an error before the first step', async () => {
  const invalid = await run(['deploy', '--rehearse'], { cwd: project({ ...deploy, alerts: undefined }) })
  expect(invalid.code).toBe(2)
  expect(invalid.stderr).not.toContain('✗')
  expect(invalid.stderr).toMatch(/Error: No one would receive the alarms of this stage/)
})

test('a rehearsal takes all stacks, and deploys nothing', async () => {
  const cwd = project(deploy)
  const named = await run(['deploy', 'data', '--rehearse'], { cwd })
  expect(named.code).toBe(2)
  expect(shownError(named)).toEqual({ message: '--rehearse rehearses all stacks of the stage.', next: 'apigw deploy --rehearse' })
  const confirmed = await run(['deploy', '--rehearse', '--yes'], { cwd })
  expect(confirmed.code).toBe(2)
})

import { describe, expect, test } from 'vitest'
import { account, cloud } from './cloud.ts'
import { jsonError, shownError } from './run.ts'

/** The last two lines of a command, whatever it printed before. */
const ending = (stderr: string) => stderr.trimEnd().split('\n').slice(-2)

describe('deploy', () => {
  test('without a permission names it, and changes nothing', async () => {
    const action = 'cloudformation:ExecuteChangeSet'
    const message = `User: arn:aws:iam::${account}:user/jane is not authorized to perform: ${action} on resource: *`
    const { run, aws } = await cloud({ ExecuteChangeSet: { error: 'AccessDenied', message } })
    const refused = await run('deploy', 'security', '--yes')
    expect(refused.code).toBe(1)
    expect(ending(refused.stderr)).toEqual([
      `Error: You lack the right ${action} on *.`,
      `Next:  let an administrator allow ${action} on *, and run it again`,
    ])
    // Neither the change set nor its empty stack remains.
    expect({ sets: aws.changeSets, stacks: aws.stacks.size }).toEqual({ sets: 0, stacks: 0 })
  })
  test('uploads nothing to a bucket of a different account', async () => {
    const { run, aws, s3 } = await cloud()
    const bucket = `apigw-artifacts-${account}-ap-northeast-2`
    s3.buckets.set(bucket, { owner: '999999999999', settings: new Map(), objects: new Map() })
    const refused = await run('deploy', 'admin', '--yes')
    expect(refused.code).toBe(2)
    expect(ending(refused.stderr)).toEqual([
      `Error: The bucket ${bucket} already exists, and it belongs to another account or you have no access to it.`,
      expect.stringContaining('Otherwise set artifactBucket of the stage in apigw.yaml to a different name'),
    ])
    expect({ stacks: aws.stacks.size, objects: s3.buckets.get(bucket)?.objects.size }).toEqual({ stacks: 0, objects: 0 })
    expect(shownError(await run('bootstrap')).message).toContain(bucket)
  })
  test('during a different deployment names it, and creates no change set', async () => {
    const { run, aws } = await cloud()
    const said = ['.', 'AWS::CloudFormation::Stack', 'UPDATE_IN_PROGRESS'] as const
    const events = [{ id: 'e0', said, token: 'apigw-by-bob-0123456789abcdef' }]
    aws.put('apigw-prod-security', { status: 'UPDATE_IN_PROGRESS', events })
    const refused = await run('deploy', 'security', '--yes', '--json')
    expect(refused.code).toBe(1)
    expect(jsonError(refused)).toEqual({
      code: 'stack-busy',
      message: 'apigw-prod-security is being changed since 2026-11-24T01:02:03Z by bob (UPDATE_IN_PROGRESS).',
      next: 'wait until it is finished and run it again, or add --wait',
    })
    expect(aws.changeSets).toBe(0)
  })
})

test('destroy without a permission names it, and keeps the stack', async () => {
  const { run, aws } = await cloud({
    DeleteStack: {
      error: 'AccessDenied',
      message: 'User: x is not authorized to perform: cloudformation:DeleteStack on resource: y',
    },
  })
  aws.put('apigw-prod-security')
  const refused = await run('destroy', '--yes')
  expect(refused.code).toBe(1)
  expect(ending(refused.stderr)[0]).toBe('Error: You lack the right cloudformation:DeleteStack on y.')
  expect(aws.stacks.get('apigw-prod-security')?.status).toBe('CREATE_COMPLETE')
})

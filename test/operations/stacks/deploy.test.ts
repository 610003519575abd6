import { describe, expect, test } from 'vitest'
import { deployStack, describeStack, previewStack } from '../../../src/operations/stacks/index.ts'
import { region, steps, wanted, world } from './world.ts'

const name = 'apigw-dev-data'
const three = { Queue: 'AWS::SQS::Queue', Topic: 'AWS::SNS::Topic', Role: 'AWS::IAM::Role' }

describe('a deployment that works', () => {
  test('creates a stack, and reports each resource and status once', async () => {
    const { clients, aws } = await world()
    const recorded = steps()
    const deployed = await deployStack(clients, wanted(three), recorded)
    expect(deployed).toEqual({ outputs: { Answer: `${name}:42` }, changed: true })
    // Three changes arrived in two pages.
    expect(recorded.approvals[0]?.map(({ kind, id }) => `${kind} ${id}`)).toEqual(['create Queue', 'create Topic', 'create Role'])
    const queue = recorded.reported.filter((line) => line.includes('Queue'))
    expect(queue.map((line) => line.split(/ {2,}/).slice(1, 4))).toEqual([
      ['CREATE_IN_PROGRESS', 'Queue', 'AWS::SQS::Queue'],
      ['CREATE_COMPLETE', 'Queue', 'AWS::SQS::Queue'],
    ])
    expect(aws.stacks.get(name)).toMatchObject({ status: 'CREATE_COMPLETE' })
  })
  test('does not update a stack without changes, and deletes the change set', async () => {
    const { clients, aws, count } = await world()
    await deployStack(clients, wanted(three), steps())
    const again = steps()
    expect(await deployStack(clients, wanted(three), again)).toEqual({ outputs: { Answer: `${name}:42` }, changed: false })
    expect(again.approvals).toEqual([])
    expect(count('ExecuteChangeSet')).toBe(1)
    expect(aws.changeSets).toBe(0)
  })
  test('updates what differs, and reports no earlier events', async () => {
    const { clients } = await world()
    await deployStack(clients, wanted(three), steps())
    const second = steps()
    await deployStack(clients, wanted({ ...three, Table: 'AWS::DynamoDB::Table' }), second)
    expect(second.approvals[0]?.map(({ kind, id }) => `${kind} ${id}`)).toEqual(['create Table'])
    expect(second.reported.join('\n')).not.toMatch(/Queue|Topic|Role/)
  })
  test('creates a stack although a dry run left it in review', async () => {
    const { clients, aws, server } = await world()
    aws.put(name, { status: 'REVIEW_IN_PROGRESS' })
    expect((await deployStack(clients, wanted(three), steps())).changed).toBe(true)
    expect(server.asked.find(({ action }) => action === 'CreateChangeSet')?.parameters.get('ChangeSetType')).toBe('CREATE')
  })
  test('sends parameters, tags and capabilities; a failed creation keeps no resources', async () => {
    const { clients, server } = await world()
    await deployStack(
      clients,
      wanted(three, { parameters: { Size: 'small' }, tags: { 'apigw:stage': 'dev' } }),
      steps({ who: 'jane@acme.example' }),
    )
    const create = server.asked.find(({ action }) => action === 'CreateChangeSet')?.parameters
    expect(create?.get('Parameters.member.1.ParameterKey')).toBe('Size')
    expect(create?.get('Parameters.member.1.ParameterValue')).toBe('small')
    expect(create?.get('Tags.member.1.Key')).toBe('apigw:stage')
    expect(create?.get('Capabilities.member.1')).toBe('CAPABILITY_NAMED_IAM')
    const execute = server.asked.find(({ action }) => action === 'ExecuteChangeSet')?.parameters
    expect(execute?.get('RetainExceptOnCreate')).toBe('true')
    expect(execute?.get('ClientRequestToken')).toMatch(/^apigw-by-jane-acme-example-[0-9a-f]{16}$/)
  })
  test('uploads a long template to the artifact bucket', async () => {
    const { clients, server, s3 } = await world()
    const many = Object.fromEntries(Array.from({ length: 1_500 }, (_, at) => [`Topic${at}`, 'AWS::SNS::Topic']))
    await deployStack(clients, wanted(many), steps())
    const create = server.asked.find(({ action }) => action === 'CreateChangeSet')?.parameters
    expect(create?.has('TemplateBody')).toBe(false)
    const key = /\/([0-9a-f]{64}\.template)$/.exec(create?.get('TemplateURL') ?? '')?.[1] ?? ''
    expect(s3.buckets.get(`apigw-artifacts-123456789012-${region}`)?.objects.get(key)).toContain('Topic1499')
  })
  test('uploads it to the bucket that the stage names', async () => {
    const { clients, server, s3 } = await world()
    const many = Object.fromEntries(Array.from({ length: 1_500 }, (_, at) => [`Topic${at}`, 'AWS::SNS::Topic']))
    await deployStack(clients, wanted(many, { bucket: 'mine' }), steps())
    const create = server.asked.find(({ action }) => action === 'CreateChangeSet')?.parameters
    expect(create?.get('TemplateURL')).toMatch(/^https:\/\/mine\.s3\./)
    expect([...s3.buckets.keys()]).toEqual(['mine'])
  })
  test('refuses a template that CloudFormation takes from no bucket, before it sends anything', async () => {
    const { clients, s3, count } = await world()
    const templateBody = `${wanted({ Topic: 'AWS::SNS::Topic' }).templateBody}${' '.repeat(1_048_576)}`
    await expect(deployStack(clients, { ...wanted({}), templateBody }, steps())).rejects.toMatchObject({
      code: 'stack-refused',
      message: expect.stringMatching(
        /^The template of apigw-dev-data has 1,048,\d{3} bytes, and CloudFormation takes at most 1,048,576\.$/,
      ),
    })
    expect([count('CreateChangeSet'), s3.buckets.size]).toEqual([0, 0])
  })
  test('keeps watching if AWS is unreachable for a moment', async () => {
    let failures = 3
    const { clients } = await world((aws) => ({
      DescribeStackEvents: () => {
        // The first poll happens before the deployment starts.
        if (aws.stacks.get(name)?.status !== 'REVIEW_IN_PROGRESS' && failures-- > 0)
          return { error: 'InternalFailure', status: 500 }
        return aws.query.DescribeStackEvents ?? ''
      },
    }))
    const recorded = steps()
    expect((await deployStack(clients, wanted(three), recorded)).changed).toBe(true)
    expect(recorded.reported.join('\n')).toMatch(/AWS continues; retrying/)
  })
})

describe('what is approved', () => {
  test('a refusal changes nothing, and leaves neither a change set nor an empty stack', async () => {
    const { clients, aws, count } = await world()
    const refusal = deployStack(clients, wanted(three), steps({ approve: async () => false }))
    await expect(refusal).rejects.toMatchObject({ code: 'declined' })
    expect(count('ExecuteChangeSet')).toBe(0)
    expect({ sets: aws.changeSets, stacks: aws.stacks.size }).toEqual({ sets: 0, stacks: 0 })
  })
  test('an empty stack with a change set of a different deployment stays', async () => {
    const { clients, aws } = await world()
    const theirs = steps({
      approve: async () => {
        await expect(deployStack(clients, wanted(three), steps({ approve: async () => false }))).rejects.toThrow()
        expect(aws.stacks.get(name)?.status).toBe('REVIEW_IN_PROGRESS')
        return true
      },
    })
    expect((await deployStack(clients, wanted(three), theirs)).changed).toBe(true)
  })
  test('an error during approval is rethrown, after the same cleanup', async () => {
    const { clients, aws } = await world()
    const recorded = steps({ approve: () => Promise.reject(new Error('no terminal')) })
    await expect(deployStack(clients, wanted(three), recorded)).rejects.toThrow('no terminal')
    expect({ sets: aws.changeSets, stacks: aws.stacks.size }).toEqual({ sets: 0, stacks: 0 })
  })
  test('data stores that are replaced or deleted are marked, with the fate of their data', async () => {
    const { clients, aws } = await world()
    aws.put(name)
    aws.scripts.set(name, {
      changes: [
        {
          Action: 'Modify',
          Replacement: 'True',
          LogicalResourceId: 'Db',
          ResourceType: 'AWS::RDS::DBInstance',
          PolicyAction: 'ReplaceAndSnapshot',
        },
        {
          Action: 'Modify',
          Replacement: 'Conditional',
          LogicalResourceId: 'Ledger',
          ResourceType: 'AWS::DynamoDB::Table',
          PolicyAction: 'ReplaceAndDelete',
        },
        { Action: 'Remove', LogicalResourceId: 'Media', ResourceType: 'AWS::S3::Bucket', PolicyAction: 'Retain' },
        { Action: 'Modify', Replacement: 'True', LogicalResourceId: 'Role', ResourceType: 'AWS::IAM::Role' },
        { Action: 'Modify', Replacement: 'False', LogicalResourceId: 'Queue', ResourceType: 'AWS::SQS::Queue' },
        { Action: 'Remove', LogicalResourceId: 'Key', ResourceType: 'AWS::KMS::Key' },
      ],
    })
    const changes = await previewStack(clients, wanted(three), steps())
    expect(changes.map(({ id, kind, perhaps, loss }) => [id, kind, perhaps, loss])).toEqual([
      ['Db', 'replace', false, 'snapshot'],
      ['Ledger', 'replace', true, 'lost'],
      ['Media', 'delete', false, 'kept'],
      ['Role', 'replace', false, null],
      ['Queue', 'change', false, null],
      ['Key', 'delete', false, 'lost'],
    ])
    expect(aws.changeSets).toBe(0)
  })
})

describe('a deployment that fails', () => {
  test('names the root cause, not the resources that were cancelled', async () => {
    const { clients, aws } = await world()
    aws.scripts.set(name, {
      says: [
        ['Queue', 'AWS::SQS::Queue', 'CREATE_IN_PROGRESS'],
        ['Topic', 'AWS::SNS::Topic', 'CREATE_FAILED', 'Resource creation cancelled'],
        [
          'Media',
          'AWS::S3::Bucket',
          'CREATE_FAILED',
          'acme-media already exists (Service: S3, Status Code: 409, Request ID: ABC)',
        ],
        ['Role', 'AWS::IAM::Role', 'CREATE_FAILED', 'Resource creation cancelled'],
        [
          '.',
          'AWS::CloudFormation::Stack',
          'ROLLBACK_IN_PROGRESS',
          'The following resource(s) failed to create: [Topic, Media, Role].',
        ],
        ['Queue', 'AWS::SQS::Queue', 'DELETE_COMPLETE'],
      ],
      ends: ['ROLLBACK_COMPLETE'],
    })
    const error: unknown = await deployStack(clients, wanted(three), steps()).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      code: 'stack-failed',
      message: `${name} could not be updated; it was rolled back. Media (AWS::S3::Bucket): acme-media already exists`,
      next: expect.stringMatching(/if it holds data\. Delete it or choose a different name; then run it again/),
    })
  })
  test('names a permission that is missing during the deployment', async () => {
    const { clients, aws } = await world()
    aws.scripts.set(name, {
      says: [
        [
          'Key',
          'AWS::KMS::Key',
          'CREATE_FAILED',
          'User: arn:aws:iam::123456789012:user/jane is not authorized to perform: kms:CreateKey on resource: arn:aws:kms:ap-northeast-2:123456789012:key/* because no identity-based policy allows it',
        ],
      ],
      ends: ['ROLLBACK_COMPLETE'],
    })
    await expect(deployStack(clients, wanted(three), steps())).rejects.toMatchObject({
      next: 'ask an administrator to allow kms:CreateKey on arn:aws:kms:ap-northeast-2:123456789012:key/*, then run it again',
    })
  })
  test('deletes the failed stack of the last attempt if allowed, and then succeeds', async () => {
    const { clients, aws } = await world()
    aws.put(name, { status: 'ROLLBACK_COMPLETE' })
    await expect(deployStack(clients, wanted(three), steps())).rejects.toMatchObject({
      code: 'stack-stuck',
      message: expect.stringMatching(/failed during creation \(ROLLBACK_COMPLETE\).*It has no resources/),
      next: expect.stringMatching(/--yes/),
    })
    const recorded = steps({ mayRemoveFailed: async () => true })
    expect((await deployStack(clients, wanted(three), recorded)).changed).toBe(true)
    expect(recorded.reported[0]).toBe(`Deleting the failed stack ${name}.`)
  })
  test('shows CloudFormation’s reason for a rejected change set', async () => {
    const { clients, aws } = await world(() => ({
      DescribeChangeSet: () => '<Status>FAILED</Status><StatusReason>Template error: no such Condition</StatusReason>',
    }))
    await expect(deployStack(clients, wanted(three), steps())).rejects.toMatchObject({
      code: 'stack-refused',
      message: expect.stringMatching(/no such Condition/),
    })
    expect({ sets: aws.changeSets, stacks: aws.stacks.size }).toEqual({ sets: 0, stacks: 0 })
  })
  test('a stack that is deployed before its dependencies says so', async () => {
    const { clients } = await world(() => ({
      DescribeChangeSet: '<Status>FAILED</Status><StatusReason>No export named apigw-dev-vpc found</StatusReason>',
    }))
    await expect(deployStack(clients, wanted(three), steps())).rejects.toMatchObject({
      next: 'deploy the stacks that it depends on first: apigw deploy',
    })
  })
  test.each([
    ['UPDATE_ROLLBACK_FAILED', /continue-update-rollback .*--resources-to-skip Db/],
    ['UPDATE_FAILED', /rollback-stack/],
    ['DELETE_FAILED', /delete-stack/],
  ])('a stack in %s needs a decision', async (status, next) => {
    const { clients, aws } = await world()
    const said = ['Db', 'AWS::RDS::DBInstance', 'UPDATE_FAILED', 'storage is full'] as const
    aws.put(name, { status, reason: 'a part failed', events: [{ id: 'e0', said, token: undefined }] })
    await expect(deployStack(clients, wanted(three), steps())).rejects.toMatchObject({
      code: 'stack-stuck',
      next: expect.stringMatching(next),
    })
  })
})

describe('two at once', () => {
  const busy = () => {
    const said = ['.', 'AWS::CloudFormation::Stack', 'UPDATE_IN_PROGRESS'] as const
    const coming = [[['.', 'AWS::CloudFormation::Stack', 'UPDATE_COMPLETE'], undefined]] as const
    const token = 'apigw-by-bob-0123456789abcdef'
    return { status: 'UPDATE_IN_PROGRESS', events: [{ id: 'e0', said, token }], coming: [...coming] }
  }
  test('the second sees who started the first, and waits with --wait', async () => {
    const { clients, aws } = await world()
    aws.put(name, { ...busy(), coming: [] })
    await expect(deployStack(clients, wanted(three), steps())).rejects.toMatchObject({
      code: 'stack-busy',
      message: expect.stringMatching(/is being changed since 2026-11-24T01:02:03Z by bob \(UPDATE_IN_PROGRESS\)/),
      next: expect.stringMatching(/--wait/),
    })
    // Each poll of its events advances the other deployment.
    aws.put(name, busy())
    const waiting = steps({ wait: true })
    expect((await deployStack(clients, wanted(three), waiting)).changed).toBe(true)
    expect(waiting.reported[0]).toMatch(/by bob .*Waiting\.$/)
  })
  test('an approved change is not executed after a different deployment was faster', async () => {
    const { clients, aws } = await world(() => ({ ExecuteChangeSet: { error: 'InvalidChangeSetStatus', status: 400 } }))
    aws.put(name)
    await expect(deployStack(clients, wanted(three), steps())).rejects.toMatchObject({
      code: 'stack-busy',
      message: expect.stringMatching(/nothing was changed/),
    })
    expect(aws.changeSets).toBe(0)
  })
})

describe('Ctrl-C', () => {
  test('before the first change leaves nothing behind', async () => {
    const { clients, aws, count } = await world()
    const stop = new AbortController()
    const recorded = steps({
      signal: stop.signal,
      approve: async () => {
        stop.abort()
        return true
      },
    })
    await expect(deployStack(clients, wanted(three), recorded)).rejects.toMatchObject({ code: 'interrupted' })
    expect({ sets: aws.changeSets, stacks: aws.stacks.size, executed: count('ExecuteChangeSet') }).toEqual({
      sets: 0,
      stacks: 0,
      executed: 0,
    })
  })
  test('while the change set is created leaves nothing behind', async () => {
    const stop = new AbortController()
    const { clients, aws } = await world(() => ({
      DescribeChangeSet: () => {
        stop.abort()
        return '<Status>CREATE_IN_PROGRESS</Status>'
      },
    }))
    await expect(deployStack(clients, wanted(three), steps({ signal: stop.signal }))).rejects.toMatchObject({
      code: 'interrupted',
    })
    expect({ sets: aws.changeSets, stacks: aws.stacks.size }).toEqual({ sets: 0, stacks: 0 })
  })
  test('during the operation only stops watching, and says how to follow it', async () => {
    const { clients } = await world()
    const stop = new AbortController()
    const recorded = steps({ signal: stop.signal, report: () => stop.abort() })
    await expect(deployStack(clients, wanted(three), recorded)).rejects.toMatchObject({
      code: 'interrupted',
      exit: 130,
      message: `Stopped watching ${name}; AWS continues to change it.`,
      next: `aws cloudformation describe-stack-events --region ${region} --stack-name ${name}`,
    })
    // AWS continues, and the operation completes.
    const later = await deployStack(clients, wanted(three), steps({ wait: true }))
    expect(later.changed).toBe(false)
    expect((await describeStack(clients, name))?.status).toBe('CREATE_COMPLETE')
  })
})

describe('credentials and rights', () => {
  test('names a missing permission', async () => {
    const { clients } = await world(() => ({
      CreateChangeSet: {
        error: 'AccessDenied',
        message: `User: arn:aws:iam::123456789012:user/jane is not authorized to perform: cloudformation:CreateChangeSet on resource: arn:aws:cloudformation:${region}:123456789012:stack/x/*`,
      },
    }))
    await expect(deployStack(clients, wanted(three), steps())).rejects.toMatchObject({
      code: 'aws-denied',
      message: expect.stringMatching(/cloudformation:CreateChangeSet/),
    })
  })
  test('a sign-in that expires does not stop the operation', async () => {
    let looks = 0
    const { clients } = await world((aws) => ({
      DescribeStackEvents: () => (++looks > 3 ? { error: 'ExpiredToken', status: 403 } : (aws.query.DescribeStackEvents ?? '')),
    }))
    await expect(deployStack(clients, wanted(three), steps())).rejects.toMatchObject({
      code: 'aws-credentials',
      message: expect.stringMatching(/has expired\. AWS continues to change apigw-dev-data in ap-northeast-2/),
    })
  })
})

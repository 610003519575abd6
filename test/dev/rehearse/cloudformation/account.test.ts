import { describe, expect, test } from 'vitest'
import { account, changeSet, deploy, destroy, eventsOf, whyFailed } from './world.ts'

const queue = (name: string, more: object = {}) => ({ Type: 'AWS::SQS::Queue', Properties: { QueueName: name }, ...more })
const resources = (of: Readonly<Record<string, object>>, more: object = {}) => ({ Resources: of, ...more })
/** A queue whose creation is refused: it waits longer than SQS allows. */
const refused = { Type: 'AWS::SQS::Queue', Properties: { VisibilityTimeout: 50_000 } }
const table = (isProtected: boolean, more: object = {}) => ({
  Type: 'AWS::DynamoDB::Table',
  Properties: {
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    DeletionProtectionEnabled: isProtected,
  },
  ...more,
})

describe('a stack that is created', () => {
  test('gets its resources in the order of their dependencies, and outputs', () => {
    const aws = account()
    const template = resources(
      { First: queue('a', { DependsOn: 'Second' }), Second: queue('b') },
      { Outputs: { Url: { Value: { Ref: 'First' } } } },
    )
    const stack = deploy(aws, 'one', template)
    expect(stack.status).toBe('CREATE_COMPLETE')
    expect(eventsOf(stack)).toEqual([
      'one CREATE_IN_PROGRESS',
      'Second CREATE_IN_PROGRESS',
      'Second CREATE_COMPLETE',
      'First CREATE_IN_PROGRESS',
      'First CREATE_COMPLETE',
      'one CREATE_COMPLETE',
    ])
    expect(stack.outputs.Url).toBe('https://sqs.ap-northeast-2.amazonaws.com/123456789012/a')
  })
  test('is in review until its change set is executed, and busy until it ends', () => {
    const aws = account()
    const set = changeSet(aws, 'one', resources({ Queue: queue('a') }))
    expect(aws.stack('one').status).toBe('REVIEW_IN_PROGRESS')
    aws.execute(set, undefined)
    expect(aws.stack('one').status).toBe('CREATE_IN_PROGRESS')
    expect(() => changeSet(aws, 'one', resources({ Queue: queue('b') }))).toThrow(
      'CREATE_IN_PROGRESS state and can not be updated',
    )
    aws.settle()
    expect(aws.stack('one').status).toBe('CREATE_COMPLETE')
  })
  test('is rolled back when a resource is refused, and can then only be deleted', () => {
    const aws = account()
    const stack = deploy(aws, 'one', resources({ Good: queue('a'), Bad: { ...refused, DependsOn: 'Good' } }))
    expect(stack.status).toBe('ROLLBACK_COMPLETE')
    expect(whyFailed(stack)).toMatch(/VisibilityTimeout/)
    expect(aws.inventory.all()).toEqual([])
    expect(() => changeSet(aws, 'one', resources({ Good: queue('a') }))).toThrow('ROLLBACK_COMPLETE state and can not be updated')
    expect(destroy(aws, 'one').status).toBe('DELETE_COMPLETE')
  })
  test('keeps what is retained although its creation fails, unless the change set says otherwise', () => {
    const template = resources({ Kept: queue('a', { DeletionPolicy: 'Retain' }), Bad: { ...refused, DependsOn: 'Kept' } })
    const aws = account()
    expect(eventsOf(deploy(aws, 'one', template))).toContain('Kept DELETE_SKIPPED')
    expect(aws.inventory.all()).toMatchObject([{ logicalId: 'Kept', stackId: undefined }])
    const other = account()
    expect(eventsOf(deploy(other, 'one', template, { retainExceptOnCreate: true }))).toContain('Kept DELETE_COMPLETE')
    expect(other.inventory.all()).toEqual([])
  })
  test('cannot be rolled back where a resource is protected against deletion', () => {
    const aws = account()
    const stack = deploy(aws, 'one', resources({ Table: table(true), Bad: { ...refused, DependsOn: 'Table' } }))
    expect(stack.status).toBe('ROLLBACK_FAILED')
    expect(stack.reason).toBe('The following resource(s) failed to delete: [Table].')
    expect(stack.resources.get('Table')).toMatchObject({ status: 'DELETE_FAILED' })
  })
  test('stays as it is without a rollback, and can be rolled back later', () => {
    const aws = account()
    const stack = deploy(aws, 'one', resources({ Good: queue('a'), Bad: { ...refused, DependsOn: 'Good' } }), {
      disableRollback: true,
    })
    expect(stack.status).toBe('CREATE_FAILED')
    expect(aws.inventory.all()).toHaveLength(1)
    aws.rollBack(stack, 'token')
    aws.settle()
    expect(stack.status).toBe('ROLLBACK_COMPLETE')
    expect(aws.inventory.all()).toEqual([])
    expect(() => aws.rollBack(stack, 'token')).toThrow('can not be rolled back')
  })
  test('a circle of dependencies is refused', () => {
    const template = resources({ First: queue('a', { DependsOn: 'Second' }), Second: queue('b', { DependsOn: 'First' }) })
    expect(() => changeSet(account(), 'one', template)).toThrow('Circular dependency between resources: [First, Second]')
  })
  test('resources that do not depend on each other are created in either order', () => {
    const template = resources({ First: queue('a'), Second: queue('b') })
    const order = (prefer: 'first' | 'last') =>
      eventsOf(deploy(account({ prefer }), 'one', template)).filter((event) => event.endsWith(' CREATE_COMPLETE'))
    expect(order('first')).toEqual(['First CREATE_COMPLETE', 'Second CREATE_COMPLETE', 'one CREATE_COMPLETE'])
    expect(order('last')).toEqual(['Second CREATE_COMPLETE', 'First CREATE_COMPLETE', 'one CREATE_COMPLETE'])
  })
})

describe('a stack that is updated', () => {
  test('a change set lists what is added, changed, replaced and removed', () => {
    const aws = account()
    const subnet = (more: object) => ({ Type: 'AWS::EC2::Subnet', Properties: { CidrBlock: '10.0.0.0/20', ...more } })
    deploy(aws, 'one', resources({ Changed: queue('a'), Replaced: subnet({}), Removed: queue('c') }))
    const { desired } = changeSet(
      aws,
      'one',
      resources({
        Changed: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'a', DelaySeconds: 5 } },
        Replaced: subnet({ CidrBlock: '10.0.16.0/20' }),
        Added: queue('d'),
      }),
    )
    expect([...(desired?.plan.changes.values() ?? [])]).toMatchObject([
      { action: 'Modify', logicalId: 'Changed', replaces: false, properties: ['DelaySeconds'] },
      { action: 'Modify', logicalId: 'Replaced', replaces: true, properties: ['CidrBlock'], policyAction: 'ReplaceAndDelete' },
      { action: 'Add', logicalId: 'Added' },
      { action: 'Remove', logicalId: 'Removed', policyAction: 'Delete' },
    ])
  })
  test('what refers to a replaced resource changes with its id', () => {
    const aws = account()
    const template = (cidr: string) =>
      resources({
        Subnet: { Type: 'AWS::EC2::Subnet', Properties: { CidrBlock: cidr } },
        Routes: {
          Type: 'AWS::EC2::SubnetRouteTableAssociation',
          Properties: { SubnetId: { Ref: 'Subnet' }, RouteTableId: 'rtb-1' },
        },
      })
    const before = deploy(aws, 'one', template('10.0.0.0/20')).resources.get('Subnet')?.physicalId
    const stack = deploy(aws, 'one', template('10.0.16.0/20'))
    expect(stack.status).toBe('UPDATE_COMPLETE')
    const after = stack.resources.get('Subnet')?.physicalId
    expect(after).not.toBe(before)
    expect(stack.resources.get('Routes')?.properties.SubnetId).toBe(after)
    expect(aws.inventory.of('AWS::EC2::Subnet').map(({ id }) => id)).toEqual([after])
  })
  test('without a change the change set fails, and says so', () => {
    const aws = account()
    deploy(aws, 'one', resources({ Queue: queue('a') }))
    expect(changeSet(aws, 'one', resources({ Queue: queue('a') }))).toMatchObject({
      status: 'FAILED',
      reason: expect.stringMatching(/didn't contain changes/),
    })
  })
  test('is rolled back when a change is refused: what was added is deleted, what was changed is changed back', () => {
    const aws = account()
    deploy(aws, 'one', resources({ Changed: queue('a') }))
    const changed = { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'a', DelaySeconds: 5 } }
    const stack = deploy(
      aws,
      'one',
      resources({ Changed: changed, Added: queue('b', { DependsOn: 'Changed' }), Bad: { ...refused, DependsOn: 'Added' } }),
    )
    expect(stack.status).toBe('UPDATE_ROLLBACK_COMPLETE')
    expect(aws.inventory.all().map(({ properties }) => properties)).toEqual([{ QueueName: 'a' }])
    expect([...stack.resources.keys()]).toEqual(['Changed'])
    expect(deploy(aws, 'one', resources({ Changed: changed })).status).toBe('UPDATE_COMPLETE')
  })
  test('a rollback that is refused leaves the stack in UPDATE_ROLLBACK_FAILED; it can resume without the resource', () => {
    const aws = account()
    const database = (gigabytes: number) => ({
      Type: 'AWS::RDS::DBInstance',
      Properties: { Engine: 'postgres', StorageType: 'gp3', AllocatedStorage: gigabytes },
    })
    deploy(aws, 'one', resources({ Database: database(20) }))
    const stack = deploy(aws, 'one', resources({ Database: database(100), Bad: { ...refused, DependsOn: 'Database' } }))
    expect(stack.status).toBe('UPDATE_ROLLBACK_FAILED')
    expect(whyFailed(stack)).toMatch(/VisibilityTimeout/)
    aws.continueRollback(stack, 'token', new Set(['Database']))
    aws.settle()
    expect(stack.status).toBe('UPDATE_ROLLBACK_COMPLETE')
  })
  test('an old resource that cannot be deleted stays outside the stack, and the update is complete', () => {
    const aws = account()
    deploy(aws, 'one', resources({ Table: table(true), Queue: queue('a') }))
    const stack = deploy(aws, 'one', resources({ Queue: queue('a') }))
    expect(stack).toMatchObject({ status: 'UPDATE_COMPLETE', reason: expect.stringMatching(/could not be deleted/) })
    expect(aws.inventory.of('AWS::DynamoDB::Table')).toMatchObject([{ stackId: undefined }])
  })
  test('a resource with a fixed name cannot be replaced', () => {
    const aws = account()
    const group = (port: number) => ({
      Type: 'AWS::ElasticLoadBalancingV2::TargetGroup',
      Properties: { Name: 'targets', Port: port },
    })
    deploy(aws, 'one', resources({ Targets: group(80) }))
    const stack = deploy(aws, 'one', resources({ Targets: group(8080) }))
    expect(stack.status).toBe('UPDATE_ROLLBACK_COMPLETE')
    expect(whyFailed(stack)).toBe(
      'CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename targets and update the stack again.',
    )
  })
  test('stays as it is without a rollback, and can be rolled back later', () => {
    const aws = account()
    deploy(aws, 'one', resources({ Changed: queue('a') }))
    const changed = { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'a', DelaySeconds: 5 } }
    const template = resources({ Changed: changed, Bad: { ...refused, DependsOn: 'Changed' } })
    const stack = deploy(aws, 'one', template, { disableRollback: true })
    expect(stack.status).toBe('UPDATE_FAILED')
    expect(aws.inventory.all().map(({ properties }) => properties.DelaySeconds)).toEqual([5])
    aws.rollBack(stack, 'token')
    aws.settle()
    expect(stack.status).toBe('UPDATE_ROLLBACK_COMPLETE')
    expect(aws.inventory.all().map(({ properties }) => properties.DelaySeconds)).toEqual([undefined])
  })
  test('a resource cannot get another type', () => {
    const aws = account()
    deploy(aws, 'one', resources({ It: queue('a') }))
    expect(() => changeSet(aws, 'one', resources({ It: { Type: 'AWS::SNS::Topic' } }))).toThrow(
      'Update of resource type is not permitted',
    )
  })
})

describe('exports and imports', () => {
  const exporting = (value: string) =>
    resources({ Queue: queue(value) }, { Outputs: { Url: { Value: { Ref: 'Queue' }, Export: { Name: 'url' } } } })
  const importing = resources({ Group: { Type: 'AWS::Logs::LogGroup', Properties: { KmsKeyId: { 'Fn::ImportValue': 'url' } } } })

  test('an import that no stack exports fails the change set', () => {
    expect(changeSet(account(), 'two', importing)).toMatchObject({
      status: 'FAILED',
      reason: expect.stringMatching(/No export named url found/),
    })
  })
  test('an export in use can neither change nor go', () => {
    const aws = account()
    deploy(aws, 'one', exporting('a'))
    deploy(aws, 'two', importing)
    const changed = deploy(aws, 'one', exporting('b'))
    expect(changed.status).toBe('UPDATE_ROLLBACK_COMPLETE')
    expect(changed.events.map(({ reason }) => reason)).toContain('Export url cannot be updated as it is in use by two')
    const removed = deploy(aws, 'one', resources({ Queue: queue('a'), Other: queue('c') }))
    expect(removed.events.map(({ reason }) => reason)).toContain('Export url cannot be deleted as it is in use by two')
    // The stack stays as it is, and its last event says why.
    expect(destroy(aws, 'one')).toMatchObject({
      status: 'UPDATE_ROLLBACK_COMPLETE',
      reason: 'Export url cannot be deleted as it is in use by two',
    })
    destroy(aws, 'two')
    expect(destroy(aws, 'one').status).toBe('DELETE_COMPLETE')
  })
  test('two stacks cannot export the same name', () => {
    const aws = account()
    deploy(aws, 'one', exporting('a'))
    const stack = deploy(aws, 'two', exporting('b'))
    expect(stack.status).toBe('ROLLBACK_COMPLETE')
    expect(stack.events.map(({ reason }) => reason)).toContain('Export with name url is already exported by stack one.')
  })
})

describe('a stack that is deleted', () => {
  test('goes in reverse order, and what is retained stays in the account with its name', () => {
    const aws = account()
    const template = resources({ First: queue('a', { DeletionPolicy: 'Retain' }), Second: queue('b', { DependsOn: 'First' }) })
    deploy(aws, 'one', template)
    const stack = destroy(aws, 'one')
    expect(eventsOf(stack).slice(-5)).toEqual([
      'one DELETE_IN_PROGRESS',
      'Second DELETE_IN_PROGRESS',
      'Second DELETE_COMPLETE',
      'First DELETE_SKIPPED',
      'one DELETE_COMPLETE',
    ])
    expect(aws.find('one')).toBeUndefined()
    aws.pass(60_000)
    const again = deploy(aws, 'one', template)
    expect(again.status).toBe('ROLLBACK_COMPLETE')
    expect(whyFailed(again)).toMatch(/'AWS::SQS::Queue' with identifier '.*\/a' already exists/)
    expect(again.id).not.toBe(stack.id)
  })
  test('stays with what cannot be deleted, and with what that depends on', () => {
    const aws = account()
    deploy(aws, 'one', resources({ Needed: queue('a'), Table: table(true, { DependsOn: 'Needed' }), Free: queue('b') }))
    const stack = destroy(aws, 'one')
    expect(stack).toMatchObject({
      status: 'DELETE_FAILED',
      reason: 'The following resource(s) failed to delete: [Table].',
    })
    expect([...stack.resources.keys()]).toEqual(['Needed', 'Table'])
    aws.delete(stack, 'token', new Set(['Table']))
    aws.settle()
    expect(stack.status).toBe('DELETE_COMPLETE')
  })
  test('is kept by termination protection', () => {
    const aws = account()
    const stack = deploy(aws, 'one', resources({ Queue: queue('a') }))
    stack.terminationProtection = true
    expect(() => destroy(aws, 'one')).toThrow('cannot be deleted while TerminationProtection is enabled')
  })
})

describe('an import', () => {
  const kept = queue('a', { DeletionPolicy: 'Retain' })
  const url = 'https://sqs.ap-northeast-2.amazonaws.com/123456789012/a'
  const retained = () => {
    const aws = account()
    deploy(aws, 'one', resources({ Queue: kept }))
    destroy(aws, 'one')
    return aws
  }

  test('takes a retained resource into a new stack', () => {
    const aws = retained()
    const stack = deploy(aws, 'one', resources({ Queue: kept }), { type: 'IMPORT', imported: { Queue: url } })
    expect(stack.status).toBe('IMPORT_COMPLETE')
    expect(aws.inventory.all()).toMatchObject([{ id: url, stackId: stack.id }])
    expect(deploy(aws, 'one', resources({ Queue: kept, Other: queue('b') })).status).toBe('UPDATE_COMPLETE')
  })
  test.each<[string, object, RegExp]>([
    ['a resource without a deletion policy', resources({ Queue: queue('a') }), /must have a DeletionPolicy/],
    ['another change beside it', resources({ Queue: kept, Other: queue('b') }), /not being imported/],
    ['outputs', resources({ Queue: kept }, { Outputs: { A: { Value: 'a' } } }), /cannot modify or add \[Outputs\]/],
  ])('refuses %s', (_what, template, message) => {
    expect(() => changeSet(retained(), 'one', template, { type: 'IMPORT', imported: { Queue: url } })).toThrow(message)
  })
  test('refuses what does not exist, and what belongs to a stack', () => {
    const sending = { type: 'IMPORT', imported: { Queue: url } } as const
    expect(() => changeSet(account(), 'one', resources({ Queue: kept }), sending)).toThrow(/was not found/)
    const aws = account()
    deploy(aws, 'one', resources({ Queue: kept }))
    expect(() => changeSet(aws, 'two', resources({ Queue: kept }), sending)).toThrow(/already belongs to stack/)
  })
})

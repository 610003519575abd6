import { describe, expect, test } from 'vitest'
import { destroyStack } from '../../../src/operations/stacks/index.ts'
import { steps, template, world } from './world.ts'

const name = 'apigw-dev-data'
const body = template({
  Queue: 'AWS::SQS::Queue',
  Media: 'AWS::S3::Bucket+Retain',
  Db: 'AWS::RDS::DBInstance+Snapshot',
  Role: 'AWS::IAM::Role',
})

describe('destroying a stack', () => {
  test('shows every resource with the fate of its data, and lists what was retained', async () => {
    const { clients, aws } = await world()
    const stack = aws.put(name, { template: body })
    const recorded = steps()
    expect(await destroyStack(clients, name, recorded)).toEqual({ retained: ['AWS::S3::Bucket media-1'] })
    expect(recorded.approvals[0]?.map(({ kind, id, loss }) => [kind, id, loss])).toEqual([
      ['delete', 'Queue', 'lost'],
      ['delete', 'Media', 'kept'],
      ['delete', 'Db', 'snapshot'],
      ['delete', 'Role', null],
    ])
    expect(stack.status).toBe('DELETE_COMPLETE')
  })
  test('reads deletion policies of YAML with its short functions', async () => {
    const { clients, aws } = await world()
    aws.put(name, {
      template:
        'Resources:\n  Key:\n    Type: AWS::KMS::Key\n    DeletionPolicy: Retain\n    Properties: {Description: !Sub "${AWS::Region}"}\n',
    })
    const recorded = steps()
    await destroyStack(clients, name, recorded)
    expect(recorded.approvals[0]).toMatchObject([{ id: 'Key', loss: 'kept' }])
  })
  test('does nothing if the stack does not exist', async () => {
    const { clients, count } = await world()
    expect(await destroyStack(clients, name, steps())).toEqual({ retained: [] })
    expect(count('DeleteStack')).toBe(0)
  })
  test('deletes nothing without approval', async () => {
    const { clients, aws } = await world()
    const stack = aws.put(name, { template: body })
    const refusal = destroyStack(clients, name, steps({ approve: async () => false }))
    await expect(refusal).rejects.toMatchObject({ code: 'declined' })
    expect(stack.status).toBe('CREATE_COMPLETE')
  })
  test.each([
    [
      'Media',
      'AWS::S3::Bucket',
      'The bucket you tried to delete is not empty',
      'empty it, then run it again: aws s3 rm s3://media-1 --recursive',
    ],
    [
      'Db',
      'AWS::RDS::DBInstance',
      'Cannot delete protected DB Instance, please disable deletion protection',
      'aws rds modify-db-instance --db-instance-identifier db-1 --no-deletion-protection --apply-immediately, then run it again',
    ],
  ])('says why %s could not be deleted, and what to do', async (id, type, reason, next) => {
    const { clients, aws } = await world()
    aws.put(name, { template: body })
    aws.scripts.set(name, { says: [[id, type, 'DELETE_FAILED', reason]], ends: ['DELETE_FAILED', 'a part could not be deleted'] })
    await expect(destroyStack(clients, name, steps())).rejects.toMatchObject({
      code: 'stack-failed',
      message: `${name} could not be deleted completely (DELETE_FAILED). ${id} (${type}): ${reason}`,
      next,
    })
  })
  test('a stack with termination protection is not deleted; the message says how to turn it off', async () => {
    const { clients, aws } = await world(() => ({
      DeleteStack: {
        error: 'ValidationError',
        message: `Stack [${name}] cannot be deleted while TerminationProtection is enabled`,
        status: 400,
      },
    }))
    aws.put(name)
    await expect(destroyStack(clients, name, steps())).rejects.toMatchObject({
      code: 'stack-stuck',
      next: expect.stringMatching(/update-termination-protection --no-enable-termination-protection/),
    })
  })
  test('a stack whose deletion failed is deleted again', async () => {
    const { clients, aws } = await world()
    aws.put(name, { status: 'DELETE_FAILED', template: body })
    expect((await destroyStack(clients, name, steps())).retained).toHaveLength(1)
  })
  test('Ctrl-C in the middle stops watching only', async () => {
    const { clients, aws } = await world()
    aws.put(name, { template: body })
    const stop = new AbortController()
    const recorded = steps({ signal: stop.signal, report: () => stop.abort(), statusCommand: 'apigw status' })
    await expect(destroyStack(clients, name, recorded)).rejects.toMatchObject({ code: 'interrupted', next: 'apigw status' })
  })
})

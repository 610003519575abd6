import { expect, test } from 'vitest'
import { recordOf } from '../../../src/domain/record.ts'
import { registryBreakEven, registryBreakEvenText, registryCallUnits } from '../../../src/operations/stacks/index.ts'
import { openRegistry } from '../../../src/registry/index.ts'
import { dynamoWorld, patientClient } from '../../registry/dynamo.ts'
import { Tenant } from '../../registry/fixtures.ts'

test('a call takes as many units of DynamoDB as its cost is computed with', async () => {
  const world = await dynamoWorld()
  const units = { writes: 0, reads: 0 }
  const counting = ({ endpoint = '' }: { readonly endpoint?: string }) => {
    const client = patientClient({ endpoint })
    return {
      call: async (target: string, body: object) => {
        const answer = recordOf(await client.call(target, { ...body, ReturnConsumedCapacity: 'TOTAL' }))
        const used = [answer.ConsumedCapacity]
          .flat()
          .reduce((sum: number, one) => sum + Number(recordOf(one).CapacityUnits ?? 0), 0)
        if (/Put|Write/.test(target)) units.writes += used
        else units.reads += used
        return answer
      },
    }
  }
  const open = () => openRegistry(world.address, { dynamodb: counting })
  const first = await open()
  const customer = await Tenant.with(first)
  // The books exist, as in every call but the first.
  await customer.fail((await customer.admitted()).reservation)
  const unitsOf = async (work: (tenant: Tenant) => Promise<unknown>) => {
    Object.assign(units, { writes: 0, reads: 0 })
    const registry = await open()
    await work(new Tenant(registry, customer.id))
    await registry.close()
    return { ...units }
  }
  const alone = await unitsOf(async (tenant) => {
    const { reservation } = await tenant.admitted()
    await tenant.registry.settle(reservation, { kind: 'accepted' })
  })
  const withKey = await unitsOf(async (tenant) => {
    const { reservation } = await tenant.admitted({ idempotency: { key: 'k'.repeat(43), fingerprint: 'f'.repeat(43) } })
    await tenant.accept(reservation, '[]')
  })
  await first.close()
  await world.close()
  expect({ alone, withKey }).toEqual(registryCallUnits)
})

test('the break-even is where DynamoDB costs as much as the node', () => {
  const { perMillionCalls, nodeMonth, callsAMonth } = registryBreakEven('ap-northeast-2') ?? expect.fail('no prices')
  expect((perMillionCalls * callsAMonth) / 1_000_000).toBeCloseTo(nodeMonth, 6)
  expect(callsAMonth).toBeGreaterThan(9_000_000)
  expect(callsAMonth).toBeLessThan(11_000_000)
  expect(registryBreakEvenText('ap-northeast-2')).toMatch(
    /^registry in DynamoDB: \$1\.77 per million calls, .* above 9\.9 million calls per month/,
  )
})

test('without prices there is no figure', () => {
  expect(registryBreakEven('eu-west-1')).toBeUndefined()
  expect(registryBreakEvenText('us-west-2')).toBeUndefined()
})

import { expect, it } from 'vitest'
import { AwsClient } from '../../../src/runtime/ports/index.ts'
import { customResource } from '../../../src/runtime/resources/custom-resource.ts'
import { ipSets } from '../../../src/runtime/resources/ip-sets.ts'
import { awsServer } from '../../support/aws-server.ts'
import { cloudFormation } from './cloudformation.ts'

interface StoredSet {
  readonly Name: string
  readonly IPAddressVersion: string
  Addresses: string[]
}

const names = ['apigw-prod-allow-v4', 'apigw-prod-allow-v6', 'apigw-prod-block-v4', 'apigw-prod-block-v6']

/** AWS WAF with its IP sets, two per page. @param inUse how many deletions of a set are refused */
async function waf(inUse = 0) {
  const sets = new Map<string, StoredSet>([['other', { Name: 'other', IPAddressVersion: 'IPV4', Addresses: [] }]])
  let refusals = inUse
  const summary = (Name: string) => ({
    Name,
    Id: `id-${Name}`,
    LockToken: 'token',
    ARN: `arn:aws:wafv2:::regional/ipset/${Name}/1`,
  })
  const { url: endpoint, asked: calls } = await awsServer(({ action, body }) => {
    const { Name = '', NextMarker = '0', ...rest } = JSON.parse(body)
    const found = sets.get(Name)
    if (action === 'ListIPSets') {
      const from = Number(NextMarker)
      const page = [...sets.keys()].slice(from, from + 2)
      return { IPSets: page.map(summary), ...(from + 2 < sets.size && { NextMarker: String(from + 2) }) }
    }
    if (action === 'CreateIPSet') {
      if (found !== undefined) return { error: 'WAFDuplicateItemException' }
      sets.set(Name, { Name, IPAddressVersion: rest.IPAddressVersion, Addresses: rest.Addresses })
      return { Summary: summary(Name) }
    }
    if (found === undefined) return { error: 'WAFNonexistentItemException' }
    if (action === 'GetIPSet') return { IPSet: found, LockToken: 'token' }
    if (action !== 'DeleteIPSet') return { error: 'UnknownOperationException' }
    if (refusals-- > 0) return { error: 'WAFAssociatedItemException' }
    sets.delete(Name)
    return {}
  })
  const handle = customResource(ipSets(new AwsClient('wafv2', { endpoint }), 1))
  return { sets, calls, handle, ...(await cloudFormation()) }
}

const properties = { Prefix: 'apigw-prod' }

it('creates four empty sets, and returns their ARNs', async () => {
  const { sets, responses, event, handle } = await waf()
  await handle(event('Create', properties))
  expect([...sets.values()].slice(1)).toEqual([
    { Name: names[0], IPAddressVersion: 'IPV4', Addresses: [] },
    { Name: names[1], IPAddressVersion: 'IPV6', Addresses: [] },
    { Name: names[2], IPAddressVersion: 'IPV4', Addresses: [] },
    { Name: names[3], IPAddressVersion: 'IPV6', Addresses: [] },
  ])
  expect(responses[0]).toMatchObject({ Status: 'SUCCESS', Data: { BlockV6: expect.stringContaining(`${names[3]}/`) } })
})

it('never changes addresses that people entered, whatever the stack does', async () => {
  const { sets, calls, responses, event, handle } = await waf()
  await handle(event('Create', properties))
  const block = sets.get('apigw-prod-block-v4')
  if (block === undefined) throw new Error('it was not made')
  block.Addresses = ['198.51.100.7/32']
  await handle(event('Update', properties, 'ip-sets'))
  await handle(event('Delete', properties, 'ip-sets'))
  expect([...sets.keys()]).toEqual(['other', 'apigw-prod-block-v4'])
  // The next stack with that name reuses it.
  await handle(event('Create', properties))
  expect(block.Addresses).toEqual(['198.51.100.7/32'])
  expect(sets.size).toBe(5)
  expect(responses.every(({ Status }) => Status === 'SUCCESS')).toBe(true)
  expect(new Set(calls.map(({ action }) => action))).toEqual(new Set(['ListIPSets', 'CreateIPSet', 'GetIPSet', 'DeleteIPSet']))
})

it('waits until a set is no longer in use, and gives up in the end', async () => {
  const patient = await waf(3)
  await patient.handle(patient.event('Create', properties))
  await patient.handle(patient.event('Delete', properties, 'ip-sets'))
  expect([...patient.sets.keys()]).toEqual(['other'])
  const stubborn = await waf(99)
  await stubborn.handle(stubborn.event('Create', properties))
  await stubborn.handle(stubborn.event('Delete', properties, 'ip-sets'))
  expect(stubborn.responses.at(-1)).toMatchObject({
    Status: 'FAILED',
    Reason: expect.stringContaining('WAFAssociatedItemException'),
  })
})

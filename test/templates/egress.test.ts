import { describe, expect, it } from 'vitest'
import { listOf, mapOf, stackNamed } from './stacks.ts'

const { template, resources } = stackNamed('network')

/** Seoul, in US dollars (https://aws.amazon.com/privatelink/pricing, https://aws.amazon.com/vpc/pricing). */
const hours = 730
const endpointHour = 0.013
const endpointGigabyte = 0.01
const natHour = 0.059
const natGigabyte = 0.059
const zones = 2

const endpoints = resources.filter(({ properties }) => properties.VpcEndpointType === 'Interface')
const forFunctions = endpoints.filter(({ attributes }) => attributes.Condition === 'UseEndpoints')

describe('egress', () => {
  const rows = Object.entries(mapOf(mapOf(template.Mappings).Cheaper)).flatMap(([containers, row]) =>
    Object.entries(mapOf(row)).map(([gigabytes, choice]) => ({ containers, gigabytes, choice })),
  )

  it.each(rows)('uses the cheaper option, containers: $containers, $gigabytes GB', ({ containers, gigabytes, choice }) => {
    const count = containers === 'yes' ? endpoints.length : forFunctions.length
    const byEndpoints = count * zones * endpointHour * hours + Number(gigabytes) * endpointGigabyte
    const byNat = natHour * hours + Number(gigabytes) * natGigabyte
    expect(choice).toBe(byEndpoints < byNat ? 'endpoints' : 'nat')
  })

  it('is defined for all parameters', () => {
    const { Containers, MonthlyGigabytes } = mapOf(template.Parameters)
    expect(rows).toHaveLength(
      listOf(mapOf(Containers).AllowedValues).length * listOf(mapOf(MonthlyGigabytes).AllowedValues).length,
    )
  })

  it('always uses free endpoints for S3 and DynamoDB', () => {
    const free = resources.filter(({ properties }) => properties.VpcEndpointType === 'Gateway')
    expect(free.map(({ name, attributes }) => [name, attributes.Condition])).toEqual([
      ['S3Endpoint', undefined],
      ['DynamoDbEndpoint', undefined],
    ])
  })
})

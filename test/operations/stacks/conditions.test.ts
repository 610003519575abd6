import { describe, expect, test } from 'vitest'
import { resourcesMade } from '../../../src/operations/stacks/conditions.ts'
import { planStage } from '../../../src/operations/stacks/index.ts'
import { templateResources } from '../../../src/operations/stacks/template.ts'
import { root } from '../../cli/run.ts'

const template = `
Parameters:
  Way: {Type: String, Default: cheaper}
  Size: {Type: String, Default: small}
  Zones: {Type: String}
Mappings:
  Cheaper:
    small: {way: nat}
    large: {way: endpoints}
Conditions:
  Compare: !Equals [!Ref Way, cheaper]
  Nat: !Or
    - !Equals [!Ref Way, nat]
    - !And [!Condition Compare, !Equals [!FindInMap [Cheaper, !Ref Size, way], nat]]
  Endpoints: !Not [!Condition Nat]
  Two: !Equals [!Ref Zones, '2']
  Elsewhere: !Equals [!Ref 'AWS::Region', us-east-1]
Resources:
  Always: {Type: A::B::C}
  ByNat: {Type: A::B::C, Condition: Nat}
  ByEndpoints: {Type: A::B::C, Condition: Endpoints}
  Second: {Type: A::B::C, Condition: Two}
  There: {Type: A::B::C, Condition: Elsewhere}
`
const made = (parameters: Readonly<Record<string, string>>) => resourcesMade(template, parameters).map(({ id }) => id)

describe('what a new stack would make', () => {
  test('goes by its parameters and their defaults', () => {
    expect(made({ Zones: '2' })).toEqual(['Always', 'ByNat', 'Second', 'There'])
    expect(made({ Zones: '1', Size: 'large' })).toEqual(['Always', 'ByEndpoints', 'There'])
    expect(made({ Zones: '1', Way: 'nat', Size: 'large' })).toEqual(['Always', 'ByNat', 'There'])
  })
  test('has in it what is not decided here', () => {
    expect(made({})).toEqual(['Always', 'ByNat', 'Second', 'There'])
  })
  test('a stage with endpoints has no NAT, and a stage without containers has no container', async () => {
    const domain = { domain: 'api.example.com', hostedZoneId: 'Z1', alerts: 'topic' as const }
    const plans = await planStage({ name: 'prod', region: 'ap-northeast-2', settings: domain }, [], root)
    const found = plans.flatMap(({ template: body, parameters }) => resourcesMade(body, parameters).map(({ type }) => type))
    expect(found).toContain('AWS::EC2::VPCEndpoint')
    expect(found).toContain('AWS::ApiGateway::RestApi')
    expect(found).not.toContain('AWS::EC2::NatGateway')
    expect(found).not.toContain('AWS::ECS::Service')
    const nat = await planStage(
      { name: 'prod', region: 'ap-northeast-2', settings: { ...domain, egress: 'nat' } },
      ['network'],
      root,
    )
    const [network] = nat.map(({ template: body, parameters }) => resourcesMade(body, parameters).map(({ type }) => type))
    expect(network).toContain('AWS::EC2::NatGateway')
  })
  test('is decided for every condition of a shipped template', async () => {
    const settings = { domain: 'api.example.com', hostedZoneId: 'Z1', alerts: 'topic' as const }
    const plans = await planStage({ name: 'prod', region: 'ap-northeast-2', settings }, [], root)
    for (const { key, template: body, parameters } of plans) {
      const used = new Set(templateResources(body).flatMap(({ condition }) => condition ?? []))
      const open = [...used].filter((name) => {
        const negated = body.replace(/^Conditions:\n/m, `Conditions:\n  Negated: !Not [!Condition ${name}]\n`)
        const probe = `${negated}\n`.replace(
          /^Resources:\n/m,
          `Resources:\n  ProbeYes: {Type: A, Condition: ${name}}\n  ProbeNo: {Type: A, Condition: Negated}\n`,
        )
        return resourcesMade(probe, parameters).filter(({ id }) => id.startsWith('Probe')).length !== 1
      })
      expect({ key, open }).toEqual({ key, open: [] })
    }
  })
})

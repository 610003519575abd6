import {
  CreateIPSetCommand,
  CreateWebACLCommand,
  GetIPSetCommand,
  GetWebACLCommand,
  ListIPSetsCommand,
  ListWebACLsCommand,
  UpdateIPSetCommand,
  WAFV2Client,
} from '@aws-sdk/client-wafv2'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { json } from '../../cli/run.ts'
import { againstMoto, hasMoto, type Moto, startMoto } from '../../support/moto.ts'
import { edgeRules } from './waf-server.ts'
import { stageFolder } from './world.ts'

const Scope = 'REGIONAL'

describe.skipIf(!hasMoto)(againstMoto, () => {
  let moto: Moto
  let client: WAFV2Client
  let cwd: string
  const waf = (...args: string[]) => json(['waf', ...args], { cwd, env: env() })
  const env = () => ({ ...moto.env, APIGW_MY_ADDRESS: '198.51.100.99' })

  beforeAll(async () => {
    moto = await startMoto()
    client = new WAFV2Client(moto.client)
  })
  afterAll(async () => {
    client?.destroy()
    await moto?.stop()
  })
  beforeEach(async () => {
    await moto.reset()
    cwd = stageFolder()
    for (const name of ['block-v4', 'block-v6', 'allow-v4', 'allow-v6']) {
      const IPAddressVersion = name.endsWith('4') ? 'IPV4' : 'IPV6'
      await client.send(new CreateIPSetCommand({ Name: `apigw-prod-${name}`, Scope, IPAddressVersion, Addresses: [] }))
    }
    const VisibilityConfig = { MetricName: 'prod', SampledRequestsEnabled: true, CloudWatchMetricsEnabled: true }
    const acl = { Name: 'apigw-prod', Scope, DefaultAction: { Allow: {} }, VisibilityConfig, Rules: edgeRules('prod') } as const
    await client.send(new CreateWebACLCommand(acl))
  })

  async function setNamed(name: string) {
    const { IPSets = [] } = await client.send(new ListIPSetsCommand({ Scope }))
    const { Id } = IPSets.find(({ Name }) => Name === name) ?? {}
    return client.send(new GetIPSetCommand({ Name: name, Id, Scope }))
  }

  test('blocks, lists and removes', async () => {
    await waf('block', '203.0.113.7', '2001:db8:7::/48', '--reason', 'test')
    expect((await setNamed('apigw-prod-block-v4')).IPSet?.Addresses).toEqual(['203.0.113.7/32'])
    expect((await setNamed('apigw-prod-block-v6')).IPSet?.Addresses).toEqual(['2001:db8:7::/48'])
    expect((await waf('list')).entries).toMatchObject([{ address: '203.0.113.7/32', state: 'active' }, { state: 'active' }])
    await waf('unblock', '203.0.113.7', '2001:db8:7::/48')
    expect((await setNamed('apigw-prod-block-v4')).IPSet?.Addresses).toEqual([])
  })
  test('keeps the concurrent writes of a second client', async () => {
    const written: string[] = []
    const awsCliCommands = async (): Promise<void> => {
      for (let index = 0; index < 8; index++) {
        const { IPSet, LockToken } = await setNamed('apigw-prod-block-v4')
        const Addresses = [...(IPSet?.Addresses ?? []), `192.0.2.${index}/32`]
        const update = { Name: 'apigw-prod-block-v4', Id: IPSet?.Id, Scope, Addresses, LockToken } as const
        // It gives up after a conflict; only accepted writes must be there at the end.
        const taken = await client.send(new UpdateIPSetCommand(update)).then(
          () => true,
          () => false,
        )
        if (taken) written.push(`192.0.2.${index}/32`)
      }
    }
    const blocking = waf('block', '203.0.113.1', '203.0.113.2', '--reason', 'x')
    await Promise.all([blocking, awsCliCommands()])
    const { IPSet } = await setNamed('apigw-prod-block-v4')
    expect([...(IPSet?.Addresses ?? [])].sort()).toEqual([...written, '203.0.113.1/32', '203.0.113.2/32'].sort())
  })
  test('reports unreadable parts, and shows the rest', async () => {
    const status = await waf('status')
    expect(status).toMatchObject({ webAcl: 'apigw-prod', logging: null, loadBalancers: null })
    expect(status.missing).toEqual([
      expect.stringMatching(/^load balancers: What answered wafv2:ListResourcesForWebACL was not AWS/),
    ])
    expect(status.rules).toMatchObject([{ mode: 'allow' }, { mode: 'block' }, { mode: 'count' }, { mode: 'count' }])
  })
  test('promotes rules although their samples cannot be read', async () => {
    const promoted = await waf('promote', '--yes')
    expect(promoted).toMatchObject({ rules: ['flood', 'common'], samples: [{ matched: null }, { matched: null }] })
    const [acl] = (await client.send(new ListWebACLsCommand({ Scope }))).WebACLs ?? []
    const { WebACL } = await client.send(new GetWebACLCommand({ Name: acl?.Name, Id: acl?.Id, Scope }))
    expect(WebACL?.Rules?.map(({ Action, OverrideAction }) => Object.keys(Action ?? OverrideAction ?? {}))).toEqual([
      ['Allow'],
      ['Block'],
      ['Block'],
      ['None'],
    ])
  })
})

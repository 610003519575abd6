import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { audit, readOffline } from '../../src/operations/audit/index.ts'
import { listOf, mapOf, type Properties, stackNamed } from './stacks.ts'

const { path, text, template, resources } = stackNamed('admin')

function propertiesOf(type: string): Properties {
  const found = resources.filter((resource) => resource.type === type)
  expect(found).toHaveLength(1)
  return found[0]?.properties ?? {}
}

async function findingsOf(file: string) {
  const now = Date.parse('2026-11-23T00:00:00Z')
  const { findings } = await audit(await readOffline({ template: file, stdin: async () => '', now }), now)
  return findings.map(({ rule, resource, title }) => `${rule} ${resource}: ${title}`)
}

describe('the template of the admin function', () => {
  it('the audit has no findings, for the function or an operator', async () => {
    expect(await findingsOf(path)).toEqual([])
    const folder = mkdtempSync(join(tmpdir(), 'apigw-admin-template-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const people = {
      Operators: { Type: 'AWS::IAM::Group', Properties: { GroupName: 'apigw-prod-operators' } },
      Kim: { Type: 'AWS::IAM::User', Properties: { UserName: 'kim', Groups: ['apigw-prod-operators'] } },
    }
    const Resources = { ...JSON.parse(JSON.stringify(template.Resources).replaceAll('${Stage}', 'prod')), ...people }
    const file = join(folder, 'peopled.json')
    writeFileSync(file, JSON.stringify({ ...template, Resources }))
    expect(await findingsOf(file)).toEqual([])
  })

  it('the URL authenticates callers, and the function itself lets no one else in', () => {
    expect(propertiesOf('AWS::Lambda::Url')).toMatchObject({ AuthType: 'AWS_IAM' })
    expect(propertiesOf('AWS::Lambda::Url')).not.toHaveProperty('Cors')
    expect(resources.filter(({ type }) => type === 'AWS::Lambda::Permission')).toEqual([])
  })

  it('callers may call it only through its URL', () => {
    const { Statement } = mapOf(propertiesOf('AWS::IAM::ManagedPolicy').PolicyDocument)
    expect(
      listOf(Statement)
        .map(mapOf)
        .map(({ Effect, Action, Condition }) => [Effect, Action, Condition]),
    ).toEqual([
      ['Allow', 'lambda:GetFunctionUrlConfig', undefined],
      ['Allow', 'lambda:InvokeFunctionUrl', { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } }],
      ['Allow', 'lambda:InvokeFunction', { Bool: { 'lambda:InvokedViaFunctionUrl': 'true' } }],
    ])
  })

  it('the function reads the password of the registry, and never the master key', () => {
    expect(JSON.stringify(propertiesOf('AWS::IAM::Role'))).toContain('{"Ref":"RegistrySecretArn"}')
    expect(text).not.toMatch(/MasterKey|master-key/)
    expect(propertiesOf('AWS::Lambda::Function').Environment).toEqual({
      Variables: {
        APIGW_REGISTRY: { Ref: 'RegistryAddress' },
        APIGW_REGISTRY_PASSWORD_SECRET: { Ref: 'RegistrySecretArn' },
        APIGW_ADMIN_REQUEST_IDS: { Ref: 'RequestIds' },
      },
    })
  })

  it('the function ends before the command line stops waiting', () => {
    const store = readFileSync(join(import.meta.dirname, '../../src/registry/remote/store.ts'), 'utf8')
    const waits = Number(/^const tryMs = ([\d_]+)$/m.exec(store)?.[1]?.replaceAll('_', ''))
    expect(propertiesOf('AWS::Lambda::Function').Timeout).toBeLessThan(waits / 1000)
  })
})

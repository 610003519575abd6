import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readTemplate } from '../../../src/operations/cloudformation/index.ts'
import { withVersions } from '../../../src/operations/stacks/index.ts'

const template = `
Parameters:
  Stage: {Type: String}
  CodeKey: {Type: String, Default: none}
  Megabytes: {Type: Number, Default: 512}
  Days: {Type: Number, Default: 30}
Conditions:
  Large: !Equals [!Ref Days, '90']
Mappings:
  Sizes: {a: {b: '1'}}
Resources:
  # GatewayVersion is published for each release.
  Gateway:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: !Sub 'apigw-\${Stage}-gateway'
      Description: Admits calls (GatewayVersion)
      Code: {S3Bucket: code, S3Key: !Ref CodeKey}
      MemorySize: !If [Large, 1024, !Ref Megabytes]
  Logs: {Type: AWS::Logs::LogGroup, Properties: {RetentionInDays: !Ref Days}}
  GatewayVersion: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref Gateway}}
  Live:
    Type: AWS::Lambda::Alias
    Properties: {Name: live, FunctionName: !Ref Gateway, FunctionVersion: !GetAtt GatewayVersion.Version}
`

const given = { Stage: 'prod', CodeKey: 'one.zip' }

function versionIn(body: string): string {
  const { resources } = readTemplate(body, { name: 'it', code: 'config-invalid' })
  const [[id = ''] = []] = [...resources].filter(([, { type }]) => type === 'AWS::Lambda::Version')
  const live = resources.get('Live')
  if (live !== undefined) expect(live.properties.FunctionVersion).toEqual({ 'Fn::GetAtt': [id, 'Version'] })
  return id
}

describe('the name of a version', () => {
  const first = versionIn(withVersions(template, given))

  test('ends in a digest, wherever the template names it', () => {
    expect(first).toMatch(/^GatewayVersion[0-9a-f]{10}$/)
    const body = withVersions(template, given)
    expect(body).not.toMatch(/GatewayVersion\b/)
    const { resources } = readTemplate(body, { name: 'it', code: 'config-invalid' })
    expect(resources.get('Gateway')?.properties.Description).toBe(`Admits calls (${first})`)
  })
  test('stays while the code and the settings of its function stay', () => {
    expect(versionIn(withVersions(template, { ...given, Megabytes: '512' }))).toBe(first)
    expect(versionIn(withVersions(template, { ...given, Days: '60' }))).toBe(first)
    expect(versionIn(withVersions(template.replace('LogGroup, P', 'LogGroup, DeletionPolicy: Delete, P'), given))).toBe(first)
  })
  test.each([
    ['code', template, { CodeKey: 'two.zip' }],
    ['a setting by a parameter', template, { Megabytes: '1024' }],
    ['a setting by a condition', template, { Days: '90' }],
    ['a parameter in a text', template, { Stage: 'dev' }],
    ['a setting in the template', template.replace('S3Bucket: code', 'S3Bucket: code, S3ObjectVersion: a'), {}],
    ['a default', template.replace('Default: 512', 'Default: 513'), {}],
  ])('changes with %s', (_what, body, more) => {
    expect(versionIn(withVersions(body, { ...given, ...more }))).not.toBe(first)
  })
  test('follows from the parameters of today in a template that was deployed before', () => {
    const deployed = withVersions(template, { ...given, CodeKey: 'two.zip' })
    expect(withVersions(deployed, given)).toBe(withVersions(template, given))
  })
  test('is left alone in a template without functions', () => {
    expect(withVersions('Resources: {}', given)).toBe('Resources: {}')
  })
})

test.each(['gateway', 'worker'])(
  'the %s stack names each version in its function, which then differs from its last version',
  (key) => {
    const text = readFileSync(join(import.meta.dirname, `../../../templates/stacks/${key}.yaml`), 'utf8')
    const { resources } = readTemplate(text, { name: key, code: 'config-invalid' })
    const versions = [...resources].filter(([, { type }]) => type === 'AWS::Lambda::Version')
    expect(versions.length).toBeGreaterThan(0)
    for (const [id, { properties }] of versions) {
      const name = Object(properties.FunctionName).Ref
      expect(resources.get(name)?.properties.Description).toContain(`(${id})`)
    }
    // A group releases one function at a time, so two aliases with one group would stop each other.
    const aliases = [...resources].filter(([, { type }]) => type === 'AWS::Lambda::Alias').map(([id]) => id)
    const groups = [...text.matchAll(/DeploymentGroupName: !Ref (\w+)/g)].map(([, name]) => name)
    expect(aliases).toHaveLength(versions.length)
    expect(new Set(groups).size).toBe(aliases.length)
  },
)

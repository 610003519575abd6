import { describe, expect, it } from 'vitest'
import { listOf, mapOf, resourcesOf, stackNamed } from './stacks.ts'

const { template, resources } = stackNamed('data')

function propertiesOf(name: string) {
  const found = resources.find((resource) => resource.name === name)
  if (found === undefined) throw new Error(`there is no ${name}`)
  return found.properties
}

describe('a database from a snapshot', () => {
  // https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-rds-dbinstance.html
  it.each(['DBName', 'MasterUsername', 'StorageEncrypted'])('does not set %s, which the snapshot brings along', (property) => {
    const [condition, restored] = listOf(mapOf(propertiesOf('Database')[property])['Fn::If'])
    expect([condition, restored]).toEqual(['RestoreDatabase', { Ref: 'AWS::NoValue' }])
  })
  it('is named only where a setting names it', () => {
    const none = { Ref: 'AWS::NoValue' }
    expect(propertiesOf('Database').DBSnapshotIdentifier).toEqual({
      'Fn::If': ['RestoreDatabase', { Ref: 'DatabaseSnapshot' }, none],
    })
    expect(propertiesOf('Registry').SnapshotName).toEqual({
      'Fn::If': ['RestoreRegistry', { Ref: 'RegistrySnapshot' }, none],
    })
  })
})

it.each([
  ['MasterKeySecret', 'MasterKeySecretArn', 'MakeMasterKey', 'ExistingMasterKeySecretArn'],
  ['Ledger', 'LedgerTable', 'MakeLedger', 'ExistingLedger'],
  ['Media', 'MediaBucket', 'MakeMedia', 'ExistingMedia'],
])('%s is created, or the existing one is passed on in its place', (name, output, condition, existing) => {
  expect(resources.find((resource) => resource.name === name)?.attributes.Condition).toBe(condition)
  const value = mapOf(mapOf(template.Outputs)[output]).Value
  expect(value).toEqual({ 'Fn::If': [condition, { Ref: name }, { Ref: existing }] })
  expect(mapOf(mapOf(template.Parameters)[existing]).Default).toBe('')
})

// A deleted secret keeps its name during the recovery window, and a kept one keeps it for ever
// (https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html).
it('no secret of an earlier stack has the name of a new one', () => {
  const secrets = resourcesOf('AWS::SecretsManager::Secret')
  expect(secrets.length).toBeGreaterThanOrEqual(3)
  for (const { resource } of secrets) {
    const name = resource.properties.Name
    expect(name === undefined || JSON.stringify(name).includes('AWS::StackId'), resource.name).toBe(true)
  }
})

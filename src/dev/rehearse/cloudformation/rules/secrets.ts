import { between, notHeldBy, type Rule, type ServiceRules, shaped, textAt } from './rule.ts'

const creation = 'https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html'
const deletion = 'https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html'

/**
 * Names of secrets are unique, though their ARNs end in letters of their own. What CloudFormation deletes is gone at once
 * (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html); what a person
 * deletes keeps its name for 7 to 30 days, and is still in the inventory.
 */
const nameFree: Rule = {
  source: creation,
  refuse: ({ id, properties }, { inventory }) => {
    const name = textAt(properties, 'Name')
    const other = inventory
      .of('AWS::SecretsManager::Secret')
      .find((one) => one.id !== id && textAt(one.properties, 'Name') === name)
    if (name === '' || other === undefined) return undefined
    return textAt(other.properties, 'DeletedDate') === ''
      ? `The operation failed because the secret ${name} already exists.`
      : "You can't create this secret because a secret with this name is already scheduled for deletion."
  },
}

/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html */
const generated: Rule = between('GenerateSecretString.PasswordLength', 1, 4_096, creation)

export const secrets: ServiceRules = {
  'AWS::SecretsManager::Secret': {
    name: 'Name',
    replaces: ['Name'],
    valid: [shaped('Name', /^[A-Za-z0-9/_+=.@!-]{1,512}$/, creation), generated],
    create: [nameFree],
  },
  'AWS::SecretsManager::ResourcePolicy': { replaces: ['SecretId'] },
  'AWS::SecretsManager::RotationSchedule': { replaces: ['SecretId'] },
  'AWS::KMS::Key': {
    replaces: [],
    valid: [
      between('PendingWindowInDays', 7, 30, 'https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html'),
    ],
  },
  'AWS::KMS::Alias': {
    name: 'AliasName',
    replaces: ['AliasName'],
    valid: [
      shaped(
        'AliasName',
        /^alias\/(?!aws\/)[a-zA-Z0-9/_-]{1,250}$/,
        'https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html',
      ),
    ],
  },
  'AWS::SSM::Parameter': { name: 'Name', replaces: ['Name'] },
  'AWS::SSM::Document': {
    name: 'Name',
    replaces: ['DocumentType', 'Name'],
    remove: [notHeldBy(['AWS::SSM::Association'], () => 'The document is in use.', deletion)],
  },
}

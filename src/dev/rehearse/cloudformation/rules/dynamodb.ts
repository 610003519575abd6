import { isTrue, mapsAt, type Rule, type ServiceRules, shaped, textAt } from './rule.ts'

const deletion =
  'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithTables.Basics.html#WorkingWithTables.Basics.DeletionProtection'
const creation = 'https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html'

const unprotected: Rule = {
  source: deletion,
  refuse: ({ id }, { inventory }) => {
    const table = inventory.find('AWS::DynamoDB::Table', id)
    return table && isTrue(table.properties, 'DeletionProtectionEnabled')
      ? `Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first. (${id})`
      : undefined
  },
}

/** The attributes are exactly those of the keys. */
const attributesAreKeys: Rule = {
  source: creation,
  refuse: ({ properties }) => {
    const named = (path: string) => mapsAt(properties, path).map((one) => textAt(one, 'AttributeName'))
    const indexes = ['GlobalSecondaryIndexes', 'LocalSecondaryIndexes'].flatMap((path) => mapsAt(properties, path))
    const keys = new Set([
      ...named('KeySchema'),
      ...indexes.flatMap((index) => mapsAt(index, 'KeySchema').map((one) => textAt(one, 'AttributeName'))),
    ])
    const attributes = new Set(named('AttributeDefinitions'))
    if (keys.size === attributes.size && [...keys].every((key) => attributes.has(key))) return undefined
    return 'One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions'
  },
}

export const dynamodb: ServiceRules = {
  'AWS::DynamoDB::Table': {
    name: 'TableName',
    replaces: ['ImportSourceSpecification', 'KeySchema', 'TableName'],
    valid: [shaped('TableName', /^[a-zA-Z0-9_.-]{3,255}$/, creation), attributesAreKeys],
    remove: [unprotected],
  },
}

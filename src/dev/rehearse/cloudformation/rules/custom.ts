import { between, needed, type Rule, type TypeRules, textAt, type UpdateRule } from './rule.ts'

const source =
  'https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-customresource.html'

const functionExists: Rule = {
  source,
  refuse: ({ properties }, { inventory }) => {
    const arn = textAt(properties, 'ServiceToken')
    const [, name] = /^arn:aws:lambda:[^:]+:[^:]+:function:([^:]+)/.exec(arn) ?? []
    if (name === undefined || inventory.find('AWS::Lambda::Function', name) !== undefined) return undefined
    return `CloudFormation did not receive a response from your Custom Resource: the function ${name} does not exist.`
  },
}

const sameFunction: UpdateRule = {
  source,
  refuse: (before, after) =>
    textAt(before.properties, 'ServiceToken') === textAt(after.properties, 'ServiceToken')
      ? undefined
      : 'Modifying service token is not allowed.',
}

/** A custom resource is what its function makes of it: whether it is replaced, the function decides. */
export const custom: TypeRules = {
  replaces: [],
  valid: [needed('ServiceToken', source), between('ServiceTimeout', 1, 3_600, source), functionExists],
  update: [sameFunction],
  remove: [functionExists],
}

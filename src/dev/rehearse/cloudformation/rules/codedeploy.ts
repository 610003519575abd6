import { mapsAt, type Rule, type ServiceRules, textAt, textsAt } from './rule.ts'

const groups = 'https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeploymentGroup.html'
const configurations = 'https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html'
const roles = 'https://docs.aws.amazon.com/codedeploy/latest/userguide/getting-started-create-service-role.html'
const quotas = 'https://docs.aws.amazon.com/codedeploy/latest/userguide/limits.html'

const applicationType = 'AWS::CodeDeploy::Application'
const canary = /^CodeDeployDefault\.LambdaCanary10Percent(?:5|10|15|30)Minutes$/
const linear = /^CodeDeployDefault\.LambdaLinear10PercentEvery(?:1|2|3|10)Minutes?$/
const atOnce = 'CodeDeployDefault.LambdaAllAtOnce'

/** The weights that a new version has, one after the other, before it has all callers. */
export function stepsOf(configuration: string): readonly number[] {
  if (canary.test(configuration)) return [0.1]
  return linear.test(configuration) ? [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9] : []
}

const applicationExists: Rule = {
  source: groups,
  refuse: ({ properties }, { inventory }) => {
    const name = textAt(properties, 'ApplicationName')
    return inventory.find(applicationType, name) === undefined ? `No application found for name: ${name}` : undefined
  },
}

const configurationExists: Rule = {
  source: configurations,
  refuse: ({ properties }) => {
    const name = textAt(properties, 'DeploymentConfigName')
    if (name === '' || name === atOnce || canary.test(name) || linear.test(name)) return undefined
    return `No Deployment Configuration found for name: ${name}`
  },
}

/** Lambda has no other style. */
const shiftsTraffic: Rule = {
  source: configurations,
  refuse: ({ properties }, { inventory }) => {
    const application = inventory.find(applicationType, textAt(properties, 'ApplicationName'))
    if (textAt(application?.properties ?? {}, 'ComputePlatform') !== 'Lambda') return undefined
    const style = ['DeploymentType', 'DeploymentOption'].map((name) => textAt(properties, `DeploymentStyle.${name}`))
    return style.join(' ') === 'BLUE_GREEN WITH_TRAFFIC_CONTROL'
      ? undefined
      : 'For Lambda deployment group, deployment type must be BLUE_GREEN, and deployment option WITH_TRAFFIC_CONTROL'
  },
}

const roleTrusts: Rule = {
  source: roles,
  refuse: ({ properties }, { inventory }) => {
    const arn = textAt(properties, 'ServiceRoleArn')
    const role = inventory.find('AWS::IAM::Role', arn.split('/').at(-1) ?? '')
    if (role === undefined) return undefined
    const statements = mapsAt(role.properties, 'AssumeRolePolicyDocument.Statement')
    const services = statements.flatMap((one) => [textAt(one, 'Principal.Service'), ...textsAt(one, 'Principal.Service')])
    return services.includes('codedeploy.amazonaws.com')
      ? undefined
      : `AWS CodeDeploy does not have the permissions required to assume the role ${arn}.`
  },
}

const fewAlarms: Rule = {
  source: quotas,
  refuse: ({ properties }) => {
    const names = mapsAt(properties, 'AlarmConfiguration.Alarms').map((one) => textAt(one, 'Name'))
    if (names.length <= 10 && new Set(names).size === names.length && !names.includes('')) return undefined
    return 'The alarm configuration is invalid: it takes at most 10 alarms, each once and with a name.'
  },
}

export const codedeploy: ServiceRules = {
  [applicationType]: { name: 'ApplicationName', replaces: ['ApplicationName', 'ComputePlatform'] },
  'AWS::CodeDeploy::DeploymentGroup': {
    name: 'DeploymentGroupName',
    nameWithin: 'ApplicationName',
    replaces: ['ApplicationName', 'DeploymentGroupName'],
    valid: [applicationExists, configurationExists, shiftsTraffic, roleTrusts, fewAlarms],
  },
}

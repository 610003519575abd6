import type { NextStep } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { type DeploySettings, type StackKey, stackKeys } from '../../domain/stage.ts'
import { ownImage } from './image/source.ts'
import { restoredParameters } from './restore.ts'
import { shapeParameters, unusedCode } from './shape.ts'
import { type TemplateParameter, templateParameters } from './template.ts'

type Values = Readonly<Record<string, string>>

/** The traffic tiers of the network template. */
const gigabytes = [100, 1_000, 2_000, 10_000] as const

function gigabytesStep(value: number): string {
  return String(gigabytes.find((step) => value <= step) ?? gigabytes.at(-1))
}

/** The stack parameter that each setting maps to. */
const settingParameters: readonly (readonly [setting: keyof DeploySettings, stack: StackKey, parameter: string])[] = [
  ['alertEmail', 'security', 'AlertEmail'],
  ['monthlyBudget', 'security', 'BudgetUsd'],
  ['detection', 'security', 'Detection'],
  ['egress', 'network', 'Egress'],
  ['monthlyGigabytes', 'network', 'MonthlyGigabytes'],
  ['engine', 'data', 'DatabaseEngine'],
  ['carrier', 'data', 'Carrier'],
  ['secondCarrier', 'data', 'SecondCarrier'],
  ['domain', 'edge', 'DomainName'],
  ['hostedZoneId', 'edge', 'HostedZoneId'],
  ['certificateArn', 'edge', 'CertificateArn'],
  ['waf', 'edge', 'WafMode'],
  ['endpointZones', 'network', 'EndpointZones'],
  ['endpointZones', 'gateway', 'EndpointZones'],
  ['front', 'gateway', 'Front'],
  ['charset', 'gateway', 'Charset'],
  ['originCode', 'gateway', 'OriginCode'],
  ['release', 'gateway', 'Release'],
  ['release', 'worker', 'Release'],
  ['worker', 'worker', 'Mode'],
  ['thresholds', 'worker', 'Thresholds'],
]

/** The parameters of each size; docs/capacity.md lists their capacity. Small uses the templates' defaults. */
const sizeParameters: Readonly<Record<NonNullable<DeploySettings['size']>, Readonly<Partial<Record<StackKey, Values>>>>> = {
  solo: {
    // GuardDuty charges by events.
    security: { Detection: 'existing' },
    network: { FlowLogging: 'no' },
    data: { DatabaseMultiAz: 'false', DatabaseLogin: 'iam' },
    gateway: { RequestsASecond: '100', BurstRequests: '200', LogDays: '7' },
    worker: { DatabaseLogin: 'iam', DeadLetters: 'redrive', MaximumConcurrency: '2', LogDays: '7' },
  },
  small: {},
  medium: {
    data: {
      RegistryNodeType: 'cache.m7g.large',
      DatabaseClass: 'db.m7g.large',
      DatabaseGigabytes: '100',
      DatabaseConnections: '400',
    },
    gateway: { RequestsASecond: '2000', BurstRequests: '4000', MaxTasks: '20' },
    worker: { MaximumConcurrency: '10', MaxTasks: '8' },
  },
  large: {
    data: {
      RegistryNodeType: 'cache.m7g.large',
      RegistryShards: '3',
      DatabaseClass: 'db.m7g.2xlarge',
      DatabaseGigabytes: '500',
      DatabaseMaxGigabytes: '2000',
      DatabaseConnections: '1500',
    },
    gateway: { RequestsASecond: '10000', BurstRequests: '10000', TaskCpu: '2048', TaskMegabytes: '4096', MaxTasks: '40' },
    worker: { MaximumConcurrency: '20', TaskCpu: '1024', TaskMegabytes: '2048', MaxTasks: '16' },
  },
}

function textOf(setting: keyof DeploySettings, value: unknown): string {
  if (setting === 'monthlyGigabytes' && typeof value === 'number') return gigabytesStep(value)
  // The template's name for "auto" is "cheaper".
  return setting === 'egress' && value === 'auto' ? 'cheaper' : String(value)
}

function derived(key: StackKey, stage: string, settings: DeploySettings): Values {
  const values: Record<string, string> = {
    Stage: stage,
    ...sizeParameters[settings.size ?? 'small'][key],
    ...shapeParameters(key, settings),
  }
  for (const [setting, stack, parameter] of settingParameters) {
    const value = settings[setting]
    if (stack === key && value !== undefined) values[parameter] = textOf(setting, value)
  }
  if (key === 'network') values.Containers = needsImage(settings) ? 'yes' : 'no'
  if (runsContainer(key, settings)) values.Image = settings.image ?? ownImage
  return values
}

function runsContainer(key: StackKey, { front, worker }: DeploySettings): boolean {
  return (key === 'gateway' && front === 'container') || (key === 'worker' && worker === 'container')
}

function needsImage(settings: DeploySettings): boolean {
  return stackKeys.some((key) => runsContainer(key, settings))
}

/** Code that a stack runs as a function also where it runs containers. */
const alwaysFunctions = new Set(['WebhooksCodeKey'])

/** Parameters that take the S3 key of a function's code; few if the stack runs containers. */
export function codeParameters(key: StackKey, template: string, settings: DeploySettings): string[] {
  const unused = unusedCode(settings)
  const isContainer = runsContainer(key, settings)
  return templateParameters(template)
    .map(({ name }) => name)
    .filter((name) => name.endsWith('CodeKey') && !unused.has(name) && (!isContainer || alwaysFunctions.has(name)))
}

const inFile = 'of the stage in apigw.yaml'

function invalid(message: string, next: NextStep): Problem {
  return new Problem('config-invalid', message, { next })
}

/** Checks that involve two settings, which a template cannot express. */
function checkTogether(key: StackKey, settings: DeploySettings): void {
  if (key === 'edge' && settings.domain !== undefined && !settings.hostedZoneId && !settings.certificateArn) {
    throw invalid(
      'A certificate for the domain needs its hosted zone in Route 53, and deploy.hostedZoneId is not set.',
      `set deploy.hostedZoneId ${inFile}, or deploy.certificateArn if DNS is hosted elsewhere`,
    )
  }
  if (key === 'security') checkAlerts(settings)
  if (key === 'worker') checkThresholds(settings)
}

/** A mail that no one gets is found out by a customer's complaint. */
function checkThresholds({ thresholds, alertEmail, alerts, parameters }: DeploySettings): void {
  const wanted = thresholds ?? parameters?.worker?.Thresholds
  const hasReader = (alertEmail ?? parameters?.security?.AlertEmail) || alerts === 'topic'
  if ((wanted !== 'mail' && wanted !== 'both') || hasReader) return
  throw invalid(
    `No one would get the mails about quotas: deploy.thresholds is ${wanted}, and deploy.alertEmail is not set.`,
    `set deploy.alertEmail ${inFile}; or deploy.alerts: topic if people subscribe to the topic AlertTopic; or deploy.thresholds: slack`,
  )
}

/** Alarms without a recipient are found out in the first outage. */
function checkAlerts({ alertEmail, alerts, parameters }: DeploySettings): void {
  const email = alertEmail ?? parameters?.security?.AlertEmail
  const hasEmail = email !== undefined && email !== ''
  if (hasEmail && alerts === 'none') {
    throw invalid(
      'deploy.alerts is none, but an email address for alerts is set.',
      `remove deploy.alerts or deploy.alertEmail ${inFile}`,
    )
  }
  if (!hasEmail && alerts === undefined) {
    throw invalid(
      'No one would receive the alarms of this stage: deploy.alertEmail is not set.',
      `set deploy.alertEmail ${inFile}; or deploy.alerts: topic if people or Slack subscribe to the topic AlertTopic; or deploy.alerts: none`,
    )
  }
}

function checkUnknown(key: StackKey, values: Values, parameters: readonly TemplateParameter[]): void {
  const known = new Set(parameters.map(({ name }) => name))
  const unknown = Object.keys(values).find((name) => !known.has(name))
  if (unknown !== undefined) {
    throw invalid(
      `The template of ${key} has no parameter "${unknown}".`,
      `fix deploy.parameters.${key} ${inFile}; the parameters are ${[...known].join(', ')}`,
    )
  }
}

function checkComplete(key: StackKey, values: Values, parameters: readonly TemplateParameter[], later: readonly string[]): void {
  const missing = parameters.find(({ name, required }) => required && values[name] === undefined && !later.includes(name))
  if (missing === undefined) return
  const setting = settingParameters.find(([, stack, parameter]) => stack === key && parameter === missing.name)?.[0]
  throw invalid(
    `${key} needs ${missing.name}: ${missing.description.replace(/\.$/, '')}.`,
    `set deploy.${setting ?? `parameters.${key}.${missing.name}`} ${inFile}`,
  )
}

/**
 * RDS rejects a maximum of less than 110 % of the allocated storage, and recommends 126 %
 * (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html). A template cannot calculate.
 */
const leastPercent = 110
const recommendedPercent = 126

function checkStorage(values: Values, parameters: readonly TemplateParameter[]): void {
  const numberOf = (name: string) => Number(values[name] ?? parameters.find((one) => one.name === name)?.fallback)
  const [allocated, most] = [numberOf('DatabaseGigabytes'), numberOf('DatabaseMaxGigabytes')]
  const least = Math.ceil((allocated * leastPercent) / 100)
  if (Number.isNaN(least) || Number.isNaN(most) || most >= least) return
  throw invalid(
    `The database starts with ${allocated} GB and may grow to ${most} GB, but RDS requires a maximum of at least ${least} GB.`,
    `set deploy.parameters.data.DatabaseMaxGigabytes ${inFile} to ${Math.ceil((allocated * recommendedPercent) / 100)} or more`,
  )
}

/**
 * The parameters of a stack, except those for code, which are set at upload, and its inputs.
 * @param inputs names of the parameters that earlier stacks give
 * @throws Problem `config-invalid`, which names the invalid or missing setting
 */
export function stackParameters(
  key: StackKey,
  stage: string,
  template: string,
  settings: DeploySettings,
  inputs: readonly string[],
): Values {
  checkTogether(key, settings)
  const own = Object.entries(settings.parameters?.[key] ?? {}).map(([name, value]) => [name, String(value)])
  const restored = restoredParameters(key, stage, settings.restore ?? {})
  const values = { ...derived(key, stage, settings), ...restored, ...Object.fromEntries(own) }
  const parameters = templateParameters(template)
  checkUnknown(key, values, parameters)
  if (key === 'data') checkStorage(values, parameters)
  checkComplete(key, values, parameters, [...codeParameters(key, template, settings), 'CodeBucket', ...inputs])
  return values
}

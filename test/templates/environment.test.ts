import { join } from 'node:path'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { carriersFrom } from '../../src/domain/carrier.ts'
import type { Json } from '../../src/operations/cloudformation/index.ts'
import { listOf, mapOf, type Resource, stackNamed, stacks } from './stacks.ts'

const root = join(import.meta.dirname, '../..')

/** The code behind each function and container of the stacks. */
const entries: Readonly<Record<string, string>> = {
  gateway: 'src/runtime/gateway/lambda.ts',
  authorizer: 'src/runtime/gateway/authorizer-lambda.ts',
  worker: 'src/runtime/worker/lambda.ts',
  reports: 'src/runtime/worker/reports-lambda.ts',
  webhooks: 'src/runtime/webhooks/lambda.ts',
  admin: 'src/runtime/admin/lambda.ts',
  'ip-sets': 'src/runtime/resources/ip-sets-lambda.ts',
  'endpoint-addresses': 'src/runtime/resources/endpoint-addresses-lambda.ts',
  'database-user': 'src/runtime/resources/database-user-lambda.ts',
  'gateway-dynamodb': 'src/runtime/gateway/dynamodb-lambda.ts',
  'authorizer-dynamodb': 'src/runtime/gateway/authorizer-dynamodb-lambda.ts',
}

/** The source of each command of the container image. */
const containers: Readonly<Record<string, string>> = {
  gateway: 'src/runtime/gateway/main.ts',
  worker: 'src/runtime/worker/main.ts',
}

/** Variables that the stacks do not set. */
const others: Readonly<Record<string, string>> = {
  APIGW_SQS_ENDPOINT: 'for emulators',
  APIGW_LEDGER_ENDPOINT: 'for emulators',
  APIGW_MEDIA_ENDPOINT: 'for emulators',
  APIGW_SECRETS_ENDPOINT: 'for emulators',
  APIGW_SNS_ENDPOINT: 'for emulators',
  APIGW_MASTER_KEY_FILE: 'for machines with files',
  APIGW_CREDENTIALS: 'in the samples for customers; bundles read them from docs.br',
  APIGW_WEBHOOK_LOCAL: 'for apigw dev and tests',
  APIGW_HOST: 'right as it is',
  APIGW_PORT: 'right as it is; set where a port mapping names it',
  APIGW_AUTHORIZER: 'for HTTP APIs',
  APIGW_WAIT_SECONDS: 'right as it is',
  APIGW_IDLE_MAX_MS: 'right as it is',
  APIGW_RECEIVERS: 'right as it is',
  APIGW_READS_PER_SECOND: 'right as it is',
  APIGW_RECONCILE_EVERY_SECONDS: 'right as it is',
  APIGW_MAX_CALLS: 'right as it is',
  APIGW_MAX_CONNECTIONS: 'right as it is',
  APIGW_MAX_CONNECTIONS_PER_ADDRESS: 'right as it is',
  APIGW_DATABASE_CONNECTIONS: 'right as it is; set where one connection is a promise',
  APIGW_DATABASE_TIMEOUT_MS: 'right as it is, in a container and on Lambda',
}

/** Variables that the Lambda or Node runtime reads itself. */
const readByOthers = new Set(['NODE_EXTRA_CA_CERTS', 'AWS_REGION'])

interface Read {
  readonly names: ReadonlySet<string>
  readonly required: ReadonlySet<string>
}

/** The variables that a program reads, after unused code is removed. */
async function readBy(entry: string): Promise<Read> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    minifySyntax: true,
    logLevel: 'error',
  })
  const text = outputFiles.map((file) => file.text).join('\n')
  const namesAfter = (before: string) => [...text.matchAll(new RegExp(`(?<=${before})APIGW_[A-Z_]+`, 'g'))].map(([name]) => name)
  const required = namesAfter('\\brequired\\d?\\("')
  const secret = namesAfter('\\bsecretFrom\\(\\w+, "')
  const names = [
    ...namesAfter('\\benv\\d?\\.|\\b(?:numberFrom|choiceFrom|textFrom)\\d?\\("'),
    ...required,
    ...secret,
    ...secret.map((name) => `${name}_SECRET`),
  ]
  return { names: new Set(names), required: new Set(required) }
}

interface Program {
  readonly title: string
  readonly entry: string
  readonly set: readonly string[]
  readonly values: Readonly<Record<string, Json | undefined>>
}

/** The values that a property may have. */
function choicesOf(value: Json | undefined): readonly Json[] {
  const { 'Fn::If': choice } = mapOf(value)
  if (Array.isArray(choice)) return choice.slice(1).flatMap(choicesOf)
  return value === undefined || mapOf(value).Ref === 'AWS::NoValue' ? [] : [value]
}

function functionsOf({ name, properties }: Resource): Program[] {
  const values = mapOf(mapOf(properties.Environment).Variables)
  return choicesOf(properties.Handler).map((handler): Program => {
    const entry = entries[String(handler).split('.')[0] ?? '']
    if (entry === undefined) throw new Error(`${name} runs nothing that is known`)
    return { title: `${name}, ${String(handler)}`, entry, set: Object.keys(values), values }
  })
}

function containersOf({ properties }: Resource): Program[] {
  return listOf(properties.ContainerDefinitions).map((value): Program => {
    const { Name, Command, Environment, Secrets } = mapOf(value)
    const bundle = String(listOf(Command).at(-1)).replace('.mjs', '')
    const main = containers[bundle] ?? ''
    const pairs = [...listOf(Environment), ...listOf(Secrets)].flatMap(choicesOf).map(mapOf)
    const values = Object.fromEntries(pairs.map((pair) => [String(pair.Name), pair.Value ?? pair.ValueFrom]))
    return { title: `container ${String(Name)}`, entry: main, set: Object.keys(values), values }
  })
}

const programs = stacks.flatMap(({ resources }) => [
  ...resources.filter(({ type }) => type === 'AWS::Lambda::Function').flatMap(functionsOf),
  ...resources.filter(({ type }) => type === 'AWS::ECS::TaskDefinition').flatMap(containersOf),
])

describe.each(programs)('the environment of $title', ({ entry, set, values }) => {
  it('contains exactly the variables that the program reads', async () => {
    const { names } = await readBy(entry)
    expect(set.filter((name) => !names.has(name) && !readByOthers.has(name))).toEqual([])
  })

  it('contains everything it needs, and either the secret itself or its location', async () => {
    const { names, required } = await readBy(entry)
    expect([...required].filter((name) => !set.includes(name))).toEqual([])
    const lacking = [...names].filter((name) => {
      const base = name.replace(/_SECRET$/, '')
      return !set.includes(name) && !set.includes(base) && !set.includes(`${base}_SECRET`) && !(name in others)
    })
    expect(lacking).toEqual([])
  })

  it('contains no secret', () => {
    for (const [name, value] of Object.entries(values)) {
      if (!/PASSWORD|MASTER_KEY/.test(name)) continue
      expect(choicesOf(value)).toEqual([{ Ref: expect.stringMatching(/SecretArn$/) }])
    }
  })
})

it('everything that the stacks run is a bundle that the build makes, on arm64', () => {
  const functions = stacks.flatMap(({ resources }) => resources.filter(({ type }) => type === 'AWS::Lambda::Function'))
  const bundles = functions.map(({ properties }) => {
    expect(properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'] })
    const names = choicesOf(properties.Handler).map((handler) => String(handler).split('.')[0] ?? '')
    const parameters = names.map(
      (name) => `${name.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase())}CodeKey`,
    )
    expect(choicesOf(mapOf(properties.Code).S3Key)).toEqual(parameters.map((Ref) => ({ Ref })))
    return names
  })
  expect([...new Set(bundles.flat())].sort()).toEqual(Object.keys(entries).sort())
})

it.each(['one carrier', 'two carriers'])('the worker accepts the carriers, for %s', (which) => {
  const { Carriers } = mapOf(stackNamed('data').template.Outputs)
  const choices = listOf(mapOf(mapOf(Carriers).Value)['Fn::If'])
  const [text, own] = listOf(mapOf(choices[which === 'two carriers' ? 1 : 2])['Fn::Sub'])
  const tables = Object.keys(mapOf(own))
  const filled = tables.reduce((so, name) => so.replace(`\${${name}}`, name.toLowerCase()), String(text))
  const queued = filled.replaceAll(/\$\{(\w+)\.QueueName\}/g, (_, name: string) => `apigw-prod-${name}`)
  const carriers = carriersFrom(queued, 'the output')
  expect(carriers).toHaveLength(which === 'two carriers' ? 3 : 2)
  expect(carriers.at(-1)?.table).toBe('sandbox')
})

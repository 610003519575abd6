import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Account } from '../../../../src/dev/rehearse/cloudformation/account.ts'
import type { Thing } from '../../../../src/dev/rehearse/cloudformation/inventory.ts'
import { textAt } from '../../../../src/dev/rehearse/cloudformation/rules/rule.ts'
import { isMap, type Json, readSections } from '../../../../src/operations/cloudformation/index.ts'
import { root } from '../stages.ts'

/** An installation whose templates and bundles a test may change. */
export function changeable(bundles: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'apigw-release-'))
  cpSync(join(root, 'templates'), join(folder, 'templates'), { recursive: true })
  mkdirSync(join(folder, 'dist/lambda'), { recursive: true })
  for (const name of bundles) writeFileSync(join(folder, 'dist/lambda', `${name}.mjs`), '')
  writeFileSync(join(folder, 'dist/lambda/docs.br'), '')
  return folder
}

/** Whether a resource belongs to releases, and not to a stage from before. */
const ofReleases = /Version$|Live$|Releases$|ReleaseFails$|^ReleasesRole$/

/** Turns the templates of an installation into those of a stage without aliases. */
export function withoutAliases(folder: string): void {
  for (const key of ['gateway', 'worker']) {
    const path = join(folder, 'templates/stacks', `${key}.yaml`)
    const template = readSections(readFileSync(path, 'utf8'), { name: key, code: 'config-invalid' })
    const resources = Object.entries(isMap(template.Resources) ? template.Resources : {})
    const kept = Object.fromEntries(resources.filter(([name]) => !ofReleases.test(name)))
    const text = JSON.stringify({ ...template, Resources: kept })
      .replaceAll(/\$\{(Gateway|Authorizer)Live\}/g, '${$1Function.Arn}')
      .replaceAll(/"Ref":"(Gateway|Authorizer|Worker)Live"/g, '"Ref":"$1Function"')
      .replaceAll(/Deployment[0-9a-f]{10}/g, 'DeploymentBefore')
      .replaceAll(/"DependsOn":\["GatewayPermission","AuthorizerPermission"\],/g, '')
    rmSync(path)
    writeFileSync(path, text)
  }
}

/** The code that callers of an alias reach, by the name of the function. */
export function released({ inventory }: Account): Readonly<Record<string, string>> {
  const aliases = inventory.of('AWS::Lambda::Alias').map(({ properties }) => {
    const name = textAt(properties, 'FunctionName')
    const end = `:${textAt(properties, 'FunctionVersion')}`
    const version = inventory
      .of('AWS::Lambda::Version')
      .find((one) => textAt(one.properties, 'FunctionName') === name && one.id.endsWith(end))
    return [name, textAt(version?.published ?? {}, 'Code.S3Key')]
  })
  return Object.fromEntries(aliases)
}

function invoked(value: Json | undefined): string[] {
  return [...JSON.stringify(value ?? {}).matchAll(/functions\/(arn:[^/"]+)\/invocations/g)].map(([, arn = '']) => arn)
}

function names(target: string, { id, properties }: Thing): boolean {
  const arn = target.split(':')
  const called = textAt(properties, 'FunctionName')
  // A permission of a function by its name does not hold for its alias.
  return id !== '' && (called === target || (arn.length === 7 && called === arn[6]))
}

function exists(target: string, { inventory }: Account): boolean {
  const [name = '', qualifier] = target.startsWith('arn:') ? target.split(':').slice(6) : [target]
  const alias = inventory.of('AWS::Lambda::Alias').find(({ id }) => id === target)
  const end = `:${textAt(alias?.properties ?? {}, 'FunctionVersion')}`
  const points = inventory.of('AWS::Lambda::Version').some(({ id }) => id.endsWith(end))
  return inventory.find('AWS::Lambda::Function', name) !== undefined && (qualifier === undefined || points)
}

/** What callers and queues would not reach now. */
export function gaps(account: Account): string[] {
  const { inventory } = account
  const deployments = inventory.of('AWS::ApiGateway::Stage').map(({ properties }) => textAt(properties, 'DeploymentId'))
  const called = deployments.flatMap((id) => invoked(inventory.find('AWS::ApiGateway::Deployment', id)?.published?.Body))
  const permissions = inventory.of('AWS::Lambda::Permission')
  const polled = inventory.of('AWS::Lambda::EventSourceMapping').map(({ properties }) => textAt(properties, 'FunctionName'))
  return [
    ...called
      .filter((target) => !permissions.some((one) => names(target, one)))
      .map((target) => `API Gateway may not call ${target}`),
    ...[...called, ...polled].filter((target) => !exists(target, account)).map((target) => `${target} does not exist`),
  ]
}

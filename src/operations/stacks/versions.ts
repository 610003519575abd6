import { createHash } from 'node:crypto'
import { Conditions, functionOf, isMap, type Json, readSections, renameResources, scalarText } from '../cloudformation/index.ts'
import { effectiveParameters, templateFrom } from './template.ts'

type Values = Readonly<Record<string, string>>

const source = { name: 'The template', code: 'config-invalid' } as const
const digestCharacters = 10
/** `GatewayVersion`, or `GatewayVersion1a2b3c4d5e` in a template that was deployed before. */
const versionId = new RegExp(`^(\\w*Version)[0-9a-f]{${digestCharacters}}$`)

/** Every function of CloudFormation in a value, with what it is applied to. */
function* callsIn(value: Json): Generator<readonly [name: string, of: Json]> {
  if (value === null || typeof value !== 'object') return
  const call = functionOf(value)
  if (call !== undefined) yield call
  for (const one of Object.values(value)) yield* callsIn(one)
}

/** The names that a call takes values from: parameters, other resources, conditions. */
function namesIn([call, of]: readonly [name: string, of: Json]): readonly string[] {
  const [first] = Array.isArray(of) ? of : [of]
  const text = scalarText(first) ?? ''
  if (call === 'Ref') return [text]
  return call === 'Fn::Sub' ? [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => name) : []
}

/** All that decides what Lambda gets for a function. It may hold more, which makes a version without need, and never less. */
function settingsOf(body: string, properties: Json, parameters: Values): Json {
  const values = effectiveParameters(body, parameters)
  const conditions = new Conditions(templateFrom(body), parameters)
  const calls = [...callsIn(properties)]
  const named = [...new Set(calls.flatMap(namesIn))].sort()
  const chosen = calls.flatMap(([call, of]) => (call === 'Fn::If' && Array.isArray(of) ? [scalarText(of[0]) ?? ''] : []))
  const { Mappings = null } = readSections(body, source)
  return [
    properties,
    named.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]])),
    [...new Set(chosen)].sort().map((name) => [name, conditions.holds(name) ?? null]),
    calls.some(([call]) => call === 'Fn::FindInMap') ? Mappings : null,
  ]
}

function digestOf(settings: Json): string {
  return createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, digestCharacters)
}

/** The names of all versions in a template. */
function versionsIn(body: string): readonly string[] {
  return [...templateFrom(body).resources].flatMap(([id, { type }]) => (type === 'AWS::Lambda::Version' ? [id] : []))
}

/**
 * A template in which the name of each function's version ends in a digest of the function's code and settings. CloudFormation
 * publishes a version when it creates the resource and never again
 * (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-version.html), so changed code
 * needs another name. Unchanged code keeps its name. The function's description names its version: Lambda refuses to publish a
 * function that does not differ from its last version
 * (https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html).
 * A template that has digests gets new ones, so an earlier template can be deployed with the parameters of today.
 */
export function withVersions(body: string, parameters: Values): string {
  const ids = versionsIn(body)
  if (ids.length === 0) return body
  const plain = renameResources(
    body,
    source,
    new Map(ids.flatMap((id) => (versionId.test(id) ? [[id, id.replace(versionId, '$1')]] : []))),
  )
  const { resources } = templateFrom(plain)
  const names = versionsIn(plain).map((id): [string, string] => {
    const called = resources.get(id)?.properties.FunctionName
    const of = isMap(called) ? resources.get(scalarText(called.Ref) ?? '') : undefined
    return [id, `${id}${digestOf(settingsOf(plain, of?.properties ?? null, parameters))}`]
  })
  return renameResources(plain, source, new Map(names))
}

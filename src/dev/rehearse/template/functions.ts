import { functionOf, isMap, type Json, scalarText } from '../../../operations/cloudformation/index.ts'
import { cidrBlocks } from './cidr.ts'
import { Unresolvable } from './resource.ts'

/** What the functions of a template look values up in. */
export interface Scope {
  ref(name: string, place: string): Json | undefined
  attribute(logicalId: string, name: string, place: string): Json
  condition(name: string, place: string): boolean
  mapped(map: string, first: string, second: string): Json | undefined
  imported(name: string, place: string): string
  readonly zones: readonly string[]
}

type Call = (of: Json, scope: Scope, place: string) => Json | undefined

function textAt(value: Json, scope: Scope, place: string): string {
  const text = scalarText(resolved(value, scope, place))
  if (text === undefined) throw new Unresolvable(place, 'a text is needed here')
  return text
}

function listAt(value: Json, scope: Scope, place: string): readonly Json[] {
  const list = resolved(value, scope, place)
  if (!Array.isArray(list)) throw new Unresolvable(place, 'a list is needed here')
  return list
}

function argumentsAt(of: Json, least: number, place: string): readonly Json[] {
  if (!Array.isArray(of) || of.length < least) throw new Unresolvable(place, `this function needs a list of ${least}`)
  return of
}

/** `${Name}`, `${Name.Attribute}` and `${!Literal}` in a text. */
function substituted(text: string, own: Readonly<Record<string, Json>>, scope: Scope, place: string): string {
  return text.replaceAll(/\$\{([^}]+)\}/g, (whole, name: string) => {
    if (name.startsWith('!')) return `\${${name.slice(1)}}`
    if (Object.hasOwn(own, name)) return textAt(own[name] ?? null, scope, place)
    const [id = '', ...attribute] = name.split('.')
    const value = attribute.length > 0 ? scope.attribute(id, attribute.join('.'), place) : scope.ref(name, place)
    const found = scalarText(value)
    if (found === undefined) throw new Unresolvable(place, `${whole} is not a text`)
    return found
  })
}

const sub: Call = (of, scope, place) => {
  if (typeof of === 'string') return substituted(of, {}, scope, place)
  const [text, own] = argumentsAt(of, 2, place)
  return substituted(scalarText(text) ?? '', isMap(own) ? own : {}, scope, place)
}

const select: Call = (of, scope, place) => {
  const [at = null, list = null] = argumentsAt(of, 2, place)
  const from = listAt(list, scope, place)
  const index = Number(textAt(at, scope, place))
  const found = from[index]
  if (found === undefined) throw new Unresolvable(place, `Fn::Select takes number ${index} of a list of ${from.length}`)
  return found
}

const findInMap: Call = (of, scope, place) => {
  const [map = '', first = '', second = ''] = argumentsAt(of, 3, place).map((one) => textAt(one, scope, place))
  const found = scope.mapped(map, first, second)
  if (found === undefined) throw new Unresolvable(place, `the mapping ${map} has no ${first}, ${second}`)
  return found
}

const getAtt: Call = (of, scope, place) => {
  const [id = '', name = ''] =
    typeof of === 'string' ? of.split(/\.(.*)/s) : argumentsAt(of, 2, place).map((one) => scalarText(one) ?? '')
  return scope.attribute(id, name, place)
}

const cidr: Call = (of, scope, place) => {
  const [block = '', count = '', bits = '8'] = argumentsAt(of, 2, place).map((one) => textAt(one, scope, place))
  return cidrBlocks(block, Number(count), Number(bits))
}

const calls: Readonly<Record<string, Call>> = {
  Ref: (of, scope, place) => scope.ref(scalarText(of) ?? '', place),
  'Fn::GetAtt': getAtt,
  'Fn::Sub': sub,
  'Fn::Join': (of, scope, place) => {
    const [separator, parts = null] = argumentsAt(of, 2, place)
    return listAt(parts, scope, place)
      .map((part) => textAt(part, scope, place))
      .join(scalarText(separator) ?? '')
  },
  'Fn::Split': (of, scope, place) => {
    const [separator, text = null] = argumentsAt(of, 2, place)
    return textAt(text, scope, place).split(scalarText(separator) ?? ',')
  },
  'Fn::Select': select,
  'Fn::FindInMap': findInMap,
  'Fn::If': (of, scope, place) => {
    const [name, yes = null, no = null] = argumentsAt(of, 3, place)
    return resolved(scope.condition(scalarText(name) ?? '', place) ? yes : no, scope, place)
  },
  'Fn::ImportValue': (of, scope, place) => scope.imported(textAt(of, scope, place), place),
  'Fn::GetAZs': (_of, scope) => scope.zones,
  'Fn::Cidr': cidr,
  'Fn::Base64': (of, scope, place) => Buffer.from(textAt(of, scope, place)).toString('base64'),
}

/** Whether a map is the call of a function. `Condition` is not: in a policy it is an element of a statement. */
function callIn(value: Json): readonly [name: string, of: Json] | undefined {
  const found = functionOf(value)
  return found !== undefined && (found[0] === 'Ref' || found[0].startsWith('Fn::')) ? found : undefined
}

/**
 * A value of a template with its functions resolved. What `AWS::NoValue` stands for is left out of its list or map.
 * @returns undefined for `AWS::NoValue` itself
 * @throws Unresolvable
 */
export function resolved(value: Json, scope: Scope, place: string): Json | undefined {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) {
    const list: readonly Json[] = value
    return list.flatMap((one, at) => {
      const item = resolved(one, scope, `${place}.${at}`)
      return item === undefined ? [] : [item]
    })
  }
  const call = callIn(value)
  if (call !== undefined) {
    const [name, of] = call
    const run = calls[name]
    if (run === undefined) throw new Unresolvable(place, `CloudFormation has no function ${name} here`)
    return run(of, scope, place)
  }
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, of]) => {
      const item = resolved(of, scope, place === '' ? name : `${place}.${name}`)
      return item === undefined ? [] : [[name, item]]
    }),
  )
}

/** The logical ids that one call of a function names itself. */
function idsOf(name: string, of: Json): string[] {
  const [first] = Array.isArray(of) ? of : [of]
  const text = scalarText(first) ?? ''
  if (name === 'Ref') return [text]
  if (name === 'Fn::GetAtt') return text.split('.').slice(0, 1)
  return name === 'Fn::Sub' ? [...text.matchAll(/\$\{([A-Za-z0-9]+)/g)].flatMap(([, id]) => id ?? []) : []
}

/** The logical ids that a value names by `Ref`, `Fn::GetAtt` or `Fn::Sub`, as far as `known` has them. */
export function namedIn(value: Json, known: (id: string) => boolean): string[] {
  if (value === null || typeof value !== 'object') return []
  const [name, of] = callIn(value) ?? []
  const own = name === undefined || of === undefined ? [] : idsOf(name, of).filter(known)
  return [...own, ...Object.values(value).flatMap((one: Json) => namedIn(one, known))]
}

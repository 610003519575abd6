import type { DocumentSource } from '../../domain/document.ts'
import { readYamlDocument } from '../../domain/yaml-document.ts'
import { isMap, type Json, type JsonMap, jsonOf, scalarText } from './json.ts'
import { functionTags } from './tags.ts'

interface Resource {
  readonly type: string
  /** The name of the condition under which it is made. */
  readonly condition: string | undefined
  /** What happens to it when it is deleted, where the template says. */
  readonly deletionPolicy: string | undefined
  readonly properties: JsonMap
}

interface Parameter {
  readonly description: string | undefined
  /** `undefined`: it has to be given. */
  readonly fallback: string | undefined
}

/** A template as it is written: its functions are in their long form and unresolved. */
export interface Template {
  readonly resources: ReadonlyMap<string, Resource>
  readonly parameters: ReadonlyMap<string, Parameter>
  readonly conditions: ReadonlyMap<string, Json>
  /** A value of a mapping, as `Fn::FindInMap` finds it. */
  mapped(map: string, first: string, second: string): Json | undefined
}

function entriesOf(section: Json | undefined): [string, Json][] {
  return isMap(section) ? Object.entries(section) : []
}

function member(value: Json | undefined, name: string): Json | undefined {
  return isMap(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

function textMember(value: JsonMap, name: string): string | undefined {
  const found = value[name]
  return typeof found === 'string' ? found : undefined
}

function resourceFrom(value: JsonMap): Resource {
  const { Properties } = value
  return {
    type: scalarText(value.Type) ?? '',
    condition: textMember(value, 'Condition'),
    deletionPolicy: textMember(value, 'DeletionPolicy'),
    properties: isMap(Properties) ? Properties : {},
  }
}

/** A stage has seven templates, some of them as they are and as they are sent, and a deployment reads each of them many times. */
const maxRemembered = 32
const remembered = new Map<string, JsonMap>()

/**
 * Reads the sections of a template of YAML or JSON. The same text is read once.
 * @throws Problem with the code of `source` that names the line
 */
export function readSections(text: string, source: DocumentSource): JsonMap {
  const known = remembered.get(text)
  if (known !== undefined) return known
  const whole = jsonOf(readYamlDocument(text, source, functionTags).value)
  return remember(text, isMap(whole) ? whole : {})
}

function remember(text: string, sections: JsonMap): JsonMap {
  if (remembered.size >= maxRemembered) remembered.clear()
  remembered.set(text, sections)
  return sections
}

function withTexts(value: Json, change: (text: string) => string): Json {
  if (typeof value === 'string') return change(value)
  if (value === null || typeof value !== 'object') return value
  if (!isMap(value)) return value.map((one: Json) => withTexts(one, change))
  return Object.fromEntries(Object.entries(value).map(([name, of]) => [change(name), withTexts(of, change)]))
}

/**
 * Renames resources of a template, in its comments too. The result is read already: YAML of this length takes a tenth of a second,
 * and a deployment renames often.
 * @param names the new name of each logical id
 */
export function renameResources(text: string, source: DocumentSource, names: ReadonlyMap<string, string>): string {
  if (names.size === 0) return text
  const pattern = new RegExp(`\\b(?:${[...names.keys()].join('|')})\\b`, 'g')
  const change = (of: string): string => of.replaceAll(pattern, (name) => names.get(name) ?? name)
  const sections = withTexts(readSections(text, source), change)
  const renamed = change(text)
  if (!remembered.has(renamed) && isMap(sections)) remember(renamed, sections)
  return renamed
}

/**
 * Reads what this program looks at in a template of YAML or JSON.
 * @throws Problem with the code of `source` that names the line
 */
export function readTemplate(text: string, source: DocumentSource): Template {
  const { Resources, Parameters, Conditions, Mappings } = readSections(text, source)
  return {
    resources: new Map(entriesOf(Resources).flatMap(([id, one]) => (isMap(one) ? [[id, resourceFrom(one)]] : []))),
    parameters: new Map(
      entriesOf(Parameters).flatMap(([name, one]) =>
        isMap(one) ? [[name, { description: textMember(one, 'Description'), fallback: scalarText(one.Default) }]] : [],
      ),
    ),
    conditions: new Map(entriesOf(Conditions)),
    mapped: (map, first, second) => member(member(member(Mappings, map), first), second),
  }
}

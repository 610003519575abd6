import { describe, expect, it } from 'vitest'
import type { Json } from '../../src/operations/cloudformation/index.ts'
import { listOf, mapOf, type Properties, type Stack, stackNames, stacks, within } from './stacks.ts'

function importsOf({ template }: Stack): string[] {
  return [...within(template)].flatMap((value) => {
    const name = mapOf(value)['Fn::ImportValue']
    return name === undefined ? [] : [String(mapOf(name)['Fn::Sub'])]
  })
}

function exportsOf({ template }: Stack): string[] {
  return Object.values(mapOf(template.Outputs)).flatMap((output) => {
    const { Export } = mapOf(output)
    return Export === undefined ? [] : [String(mapOf(mapOf(Export).Name)['Fn::Sub'])]
  })
}

/** Names in `!Ref`, `!GetAtt` and `${…}` of a template. */
function namesIn(template: Properties): string[] {
  return [...within(template)].flatMap((value) => {
    const { Ref, 'Fn::GetAtt': attribute, 'Fn::Sub': text } = mapOf(value)
    const [sub, own] = listOf(text)
    const inText = [...String(sub ?? '').matchAll(/\$\{([^!}][^}]*)\}/g)].map(([, name = '']) => name.split('.')[0] ?? '')
    const given = Object.keys(mapOf(own))
    return [
      ...(typeof Ref === 'string' ? [Ref] : []),
      ...listOf(attribute).slice(0, 1).map(String),
      ...inText.filter((name) => !given.includes(name)),
    ]
  })
}

/** All parameters that decide on a value: those that it names, and those behind the resources and conditions that it names. */
function parametersBehind(template: Properties, value: Json, seen: Set<string> = new Set()): string[] {
  const parameters = mapOf(template.Parameters)
  const texts = [...within(value)]
  const conditions = texts.flatMap((one) => {
    const { Condition, 'Fn::If': choice } = mapOf(one)
    return [Condition, listOf(choice)[0]].filter((name) => typeof name === 'string')
  })
  const behind = { ...mapOf(template.Resources), ...mapOf(template.Conditions) }
  return [...namesIn({ value }), ...conditions].flatMap((name) => {
    if (seen.has(name)) return []
    seen.add(name)
    if (name in parameters) return [name]
    const definition = behind[name]
    return definition === undefined ? [] : parametersBehind(template, definition, seen)
  })
}

describe('references between the stacks', () => {
  it('every import is an export of an earlier stack, so a deployment order exists', () => {
    const exported = new Map(stacks.flatMap((stack) => exportsOf(stack).map((name) => [name, stack.name])))
    const wrong = stacks.flatMap((stack) =>
      importsOf(stack)
        .filter((name) => {
          const from = exported.get(name)
          return from === undefined || stackNames.indexOf(from) >= stackNames.indexOf(stack.name)
        })
        .map((name) => `${stack.name} imports ${name}`),
    )
    expect(wrong).toEqual([])
    expect(stacks.flatMap(importsOf).length).toBeGreaterThan(30)
    const from = new Set(stacks.flatMap(importsOf).map((name) => exported.get(name)))
    expect([...from].sort()).toEqual(['network', 'security'])
  })

  it('export names are unique, and include the stage', () => {
    const names = stacks.flatMap(exportsOf)
    expect(names).toEqual([...new Set(names)])
    expect(names.filter((name) => !/^apigw-\$\{Stage\}-[a-z-]+$/.test(name))).toEqual([])
  })

  it('every export is imported', () => {
    const imported = new Set(stacks.flatMap(importsOf))
    expect(stacks.flatMap(exportsOf).filter((name) => !imported.has(name))).toEqual([])
  })

  it('a parameter that takes an output which may be missing has a default', () => {
    const conditional = stacks.flatMap(({ template }) =>
      Object.entries(mapOf(template.Outputs)).flatMap(([name, output]) => ('Condition' in mapOf(output) ? [name] : [])),
    )
    const wrong = stacks.flatMap(({ name: stack, template }) =>
      Object.entries(mapOf(template.Parameters))
        .filter(([name, parameter]) => conditional.includes(name) && !('Default' in mapOf(parameter)))
        .map(([name]) => `${stack}.${name}`),
    )
    expect(conditional).toContain('SecondCarrierQueue')
    expect(wrong).toEqual([])
  })

  // A value that another stack imports cannot change
  // (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html). Cidr is refused earlier, with
  // a clear error (src/operations/stacks/fixed.ts).
  it('no setting can change an exported value', () => {
    const changeable = stacks.flatMap(({ name, template }) =>
      Object.entries(mapOf(template.Outputs))
        .filter(([, output]) => 'Export' in mapOf(output))
        .flatMap(([output, value]) =>
          parametersBehind(template, value)
            .filter((parameter) => !['Stage', 'Cidr'].includes(parameter))
            .map((parameter) => `${name}.${output} by ${parameter}`),
        ),
    )
    expect(changeable).toEqual([])
  })

  it.each(stacks)(
    'in $name every reference is to a parameter, a resource or a pseudo parameter, and every parameter is used',
    ({ template }) => {
      const parameters = Object.keys(mapOf(template.Parameters))
      const known = new Set([...parameters, ...Object.keys(mapOf(template.Resources))])
      const used = namesIn(template)
      expect(used.filter((name) => !known.has(name) && !name.startsWith('AWS::') && name !== '')).toEqual([])
      expect(parameters.filter((name) => !used.includes(name))).toEqual([])
    },
  )

  it.each(stacks)('$name parses the same in CloudFormation, which does not support YAML aliases', ({ text }) => {
    expect(text).not.toMatch(/:\s+[&*][a-z]/i)
    expect(text).not.toContain('<<:')
  })
})

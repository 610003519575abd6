import { describe, expect, it } from 'vitest'
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

/** The size limit for templates sent inline (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html). */
const maxBytes = 51_200

it.each(stacks)('$name is small enough to be sent inline', ({ text }) => {
  expect(Buffer.byteLength(text)).toBeLessThan(maxBytes)
})

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
  })

  it('export names are unique, and include the stage', () => {
    const names = stacks.flatMap(exportsOf)
    expect(names).toEqual([...new Set(names)])
    expect(names.filter((name) => !/^apigw-\$\{Stage\}-[a-z-]+$/.test(name))).toEqual([])
  })

  it('every export is imported', () => {
    const imported = new Set(stacks.flatMap(importsOf))
    // Deployments push images there, and an image is passed in the parameter Image.
    const forPeople = ['apigw-${Stage}-repository', 'apigw-${Stage}-sandbox-queue']
    expect(stacks.flatMap(exportsOf).filter((name) => !imported.has(name) && !forPeople.includes(name))).toEqual([])
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

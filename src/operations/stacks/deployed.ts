import { stackName } from '../../domain/stage.ts'
import { functionOf, isMap, type Json, scalarText } from '../cloudformation/index.ts'
import type { StackClients } from './clients.ts'
import { type StackResource, stackResources } from './contents.ts'
import { outlineStage, type StackOutline, type Stage } from './plan.ts'
import { describeStack } from './stack.ts'
import { effectiveParameters, templateFrom } from './template.ts'

/** A resource of a deployed stage, with the texts of its properties. */
export interface DeployedResource extends StackResource {
  /** A property, such as `Name` or `VisibilityConfig.MetricName`; `undefined`: it is not a text, or follows from another resource. */
  text(path: string): string | undefined
}

export interface DeployedStack {
  readonly outline: StackOutline
  readonly resources: readonly DeployedResource[]
}

type Values = Readonly<Record<string, string | undefined>>

function textOf(json: Json | undefined, values: Values): string | undefined {
  const [name, of] = functionOf(json) ?? []
  if (name === 'Ref') return values[scalarText(of) ?? '']
  if (name === undefined) return scalarText(json)
  if (name !== 'Fn::Sub' || typeof of !== 'string') return undefined
  let isKnown = true
  const text = of.replaceAll(/\$\{([^}]+)\}/g, (_all, variable: string) => {
    const value = values[variable]
    if (value === undefined) isKnown = false
    return value ?? ''
  })
  return isKnown ? text : undefined
}

function propertyReader(outline: StackOutline, region: string): (id: string, path: string) => string | undefined {
  const { resources } = templateFrom(outline.template)
  const values = { ...effectiveParameters(outline.template, outline.parameters), 'AWS::Region': region }
  return (id, path) => {
    let at: Json | undefined = resources.get(id)?.properties
    for (const step of path.split('.')) at = isMap(at) ? at[step] : undefined
    return textOf(at, values)
  }
}

/**
 * The stacks of a stage that are deployed, with their parameters and resources, in the templates of this version. It asks for no
 * template, so that who reads costs needs no right to read templates.
 * @throws Problem `aws-…`
 */
export async function deployedStacks(clients: StackClients, stage: Stage, root: string): Promise<DeployedStack[]> {
  const outlines = await outlineStage(stage, [], root)
  const found = await Promise.all(
    outlines.map(async (outline): Promise<DeployedStack[]> => {
      const stack = await describeStack(clients, stackName(stage.name, outline.key))
      if (stack === undefined) return []
      const deployed = { ...outline, parameters: stack.parameters, inputs: [] }
      const read = propertyReader(deployed, clients.region)
      const resources = await stackResources(clients, stack)
      return [{ outline: deployed, resources: resources.map((one) => ({ ...one, text: (path) => read(one.id, path) })) }]
    }),
  )
  return found.flat()
}

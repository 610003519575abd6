import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { type StackKey, stackName, stacksBelow } from '../../domain/stage.ts'
import { type TemplateParameter, templateOutputs, templateParameters } from './template.ts'

/** A parameter that takes the output of the same name of an earlier stack. */
export interface Input {
  readonly parameter: string
  readonly from: StackKey
  /** It has a default, for an output that the earlier stack may not have. */
  readonly optional: boolean
}

type Values = Readonly<Record<string, string>>

/**
 * The inputs of a stack: each parameter that is named like an output of a stack that it builds on. Parameters are used and not
 * exports, because CloudFormation rejects every change of an exported value that another stack imports
 * (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html).
 * @param own parameters that the settings give; they are no inputs
 */
export function stackInputs(
  key: StackKey,
  templates: Readonly<Record<StackKey, string>>,
  own: Readonly<Record<string, unknown>>,
): readonly Input[] {
  const outputs = new Map(stacksBelow(key).flatMap((from) => templateOutputs(templates[from]).map((name) => [name, from])))
  return templateParameters(templates[key]).flatMap(({ name, required }: TemplateParameter): Input[] => {
    const from = outputs.get(name)
    return from === undefined || own[name] !== undefined ? [] : [{ parameter: name, from, optional: !required }]
  })
}

/** Values of inputs, and the inputs that have none yet. */
export interface InputValues {
  readonly known: Values
  readonly unknown: readonly Input[]
}

/** @param outputsOf the outputs of a deployed stack; undefined if it is not deployed */
export function inputValues(inputs: readonly Input[], outputsOf: (key: StackKey) => Values | undefined): InputValues {
  const known: Record<string, string> = {}
  const unknown: Input[] = []
  for (const input of inputs) {
    const value = outputsOf(input.from)?.[input.parameter]
    if (value !== undefined) known[input.parameter] = value
    else if (!input.optional) unknown.push(input)
  }
  return { known, unknown }
}

/** A stack takes an output that no deployed stack has. */
export function missingInput(stage: string, key: StackKey, { parameter, from }: Input): Problem {
  return new Problem(
    'stack-refused',
    `${stackName(stage, key)} needs ${parameter} of ${stackName(stage, from)}, which is not deployed or does not have it yet.`,
    { next: apigw('deploy', from, key) },
  )
}

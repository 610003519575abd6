import type { Json } from '../../../operations/cloudformation/index.ts'
import type { Resource } from './resource.ts'

/** The function that a name, an ARN or the ARN of an alias calls; undefined for one of no stack, or an alias without its version. */
export function functionOf(called: Json | undefined, all: readonly Resource[]): Resource | undefined {
  const alias = all.find(({ type, physicalId }) => type === 'AWS::Lambda::Alias' && physicalId === called)
  if (alias === undefined) {
    return all.find(
      (one) => one.type === 'AWS::Lambda::Function' && (one.physicalId === called || one.attribute('Arn') === called),
    )
  }
  const { FunctionName, FunctionVersion } = alias.properties
  const version = all.find(
    (one) =>
      one.type === 'AWS::Lambda::Version' &&
      one.properties.FunctionName === FunctionName &&
      one.attribute('Version') === FunctionVersion,
  )
  return version === undefined ? undefined : functionOf(FunctionName, all)
}

import type { StackPlan } from './plan.ts'
import { templateParameters } from './template.ts'
import { assetKey } from './upload.ts'

/**
 * All parameters that a deployment sends, with those for code. The bucket is sent wherever the template has the parameter, also
 * when a container runs and no code is uploaded: CloudFormation rejects a stack if a parameter without a default has no value
 * (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html).
 */
export function sentParameters({ template, parameters, code }: StackPlan, bucket: string): Readonly<Record<string, string>> {
  const takesBucket = templateParameters(template).some(({ name }) => name === 'CodeBucket')
  const keys = code.map(({ parameter, archive }) => [parameter, assetKey(archive, 'zip')])
  // A rollback names the bucket that the earlier code was uploaded to.
  return { ...(takesBucket && { CodeBucket: bucket }), ...parameters, ...Object.fromEntries(keys) }
}

import { Problem } from '../../domain/problem.ts'

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html, "Template body size". */
const inRequestBytes = 51_200
const inBucketBytes = 1_048_576

/** Whether CloudFormation takes the template only from a bucket. */
export function isLongTemplate(body: string): boolean {
  return Buffer.byteLength(body) > inRequestBytes
}

/** @throws Problem `stack-refused` if CloudFormation takes no template of this size */
export function checkTemplateSize(stack: string, body: string): void {
  const bytes = Buffer.byteLength(body)
  if (bytes <= inBucketBytes) return
  throw new Problem(
    'stack-refused',
    `The template of ${stack} has ${bytes.toLocaleString('en')} bytes, and CloudFormation takes at most ${inBucketBytes.toLocaleString('en')}.`,
    { next: 'shorten the template, or divide it into two stacks; nothing was changed' },
  )
}

/** Where CloudFormation reads an uploaded template. */
export function templateUrl(bucket: string, region: string, key: string): string {
  return `https://${bucket}.s3.${region}.amazonaws.com/${key}`
}

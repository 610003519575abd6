import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Problem } from '../../domain/problem.ts'
import { stackName } from '../../domain/stage.ts'
import { artifactBucketName } from './bucket.ts'
import { imageCommands } from './image/by-hand.ts'
import type { ImageSource } from './image/source.ts'
import type { StackPlan, Stage } from './plan.ts'
import { sentParameters } from './sent.ts'
import { isKept } from './termination.ts'
import { assetKey } from './upload.ts'

/** Placeholders for an unknown account and region. */
const accountPlaceholder = 'ACCOUNT'
const regionPlaceholder = 'REGION'

const bucketOf = ({ settings, region }: Stage): string =>
  settings.artifactBucket ?? artifactBucketName(accountPlaceholder, region ?? regionPlaceholder)

/**
 * Writes what a deployment would send: one template and one parameter file per stack, in the AWS CLI's format, and the
 * functions' archives under their S3 keys. Needs no AWS account.
 * @returns the files, relative to `folder`
 * @throws Problem `input-invalid` if the folder is not writable
 */
export async function writeOut(stage: Stage, plans: readonly StackPlan[], folder: string): Promise<readonly string[]> {
  const bucket = bucketOf(stage)
  const written = new Map<string, string | Uint8Array>()
  for (const plan of plans) {
    const { key, template, inputs, code } = plan
    const outputs = inputs.map(({ parameter, from }) => [parameter, `OUTPUT ${parameter} OF ${stackName(stage.name, from)}`])
    const all = { ...sentParameters(plan, bucket), ...Object.fromEntries(outputs) }
    const list = Object.entries(all).map(([name, value]) => ({
      ParameterKey: name,
      ParameterValue: value,
    }))
    written.set(`${key}.yaml`, template)
    written.set(`${key}.parameters.json`, `${JSON.stringify(list, null, 2)}\n`)
    for (const { archive } of code) written.set(join('assets', assetKey(archive, 'zip')), archive)
  }
  try {
    await mkdir(join(folder, 'assets'), { recursive: true })
    await Promise.all([...written].map(([name, content]) => writeFile(join(folder, name), content)))
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? cause.code : cause
    throw new Problem('input-invalid', `${folder} is not writable: ${reason}.`, {
      next: 'give --out a writable folder or one that does not exist yet',
      cause,
    })
  }
  return [...written.keys()]
}

/**
 * The AWS CLI commands that deploy the written files for the first time, in order. Where later stacks take outputs, the last
 * command of a stack shows them; a parameter file says `OUTPUT name OF stack` in their place, and IMAGE in place of the image.
 */
export function awsCliCommands(stage: Stage, plans: readonly StackPlan[], folder: string): readonly string[] {
  const region = stage.region ?? regionPlaceholder
  const bucket = bucketOf(stage)
  const at = `--region ${region}`
  const code = plans.some((plan) => plan.code.length > 0)
  const upload = [`aws s3 mb s3://${bucket} ${at}`, `aws s3 cp --recursive ${join(folder, 'assets')} s3://${bucket} ${at}`]
  const first = plans.find(({ image }) => image !== undefined)
  const stacks = plans.flatMap(({ key, name, image }) => [
    ...(image !== undefined && key === first?.key ? handMadeImage(image, stage, region) : []),
    `aws cloudformation create-stack ${at} --stack-name ${name} --template-body file://${join(folder, key)}.yaml --parameters file://${join(folder, key)}.parameters.json --capabilities CAPABILITY_NAMED_IAM --tags Key=apigw:stage,Value=${stage.name}${isKept(key) ? ' --enable-termination-protection' : ''}`,
    `aws cloudformation wait stack-create-complete ${at} --stack-name ${name}`,
    ...(plans.some(({ inputs }) => inputs.some(({ from }) => from === key))
      ? [`aws cloudformation describe-stacks ${at} --stack-name ${name} --query 'Stacks[0].Outputs' --output table`]
      : []),
  ])
  return [...(code ? upload : []), ...stacks]
}

/** The commands that push the image; the last one shows the digest that IMAGE stands for. */
function handMadeImage(source: ImageSource, { name }: Stage, region: string): readonly string[] {
  const repository = stackName(name, '').replace(/-$/, '')
  const registry = `${accountPlaceholder}.dkr.ecr.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`
  const uri = `${registry}/${repository}`
  return [
    ...imageCommands(source, uri, registry, region),
    `aws ecr describe-images --region ${region} --repository-name ${repository} --image-ids imageTag=${source.tag} --query "join('@', ['${uri}', imageDetails[0].imageDigest])" --output text`,
  ]
}

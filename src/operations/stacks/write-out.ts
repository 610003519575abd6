import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Problem } from '../../domain/problem.ts'
import { type StackKey, stackName } from '../../domain/stage.ts'
import { artifactBucketName } from './bucket.ts'
import { imageCommands } from './image/by-hand.ts'
import type { ImageSource } from './image/source.ts'
import type { StackPlan, Stage } from './plan.ts'
import { sentParameters } from './sent.ts'
import { checkTemplateSize, isLongTemplate, templateUrl } from './template-size.ts'
import { isKept } from './termination.ts'
import { assetKey } from './upload.ts'
import { withVersions } from './versions.ts'

/** Placeholders for an unknown account and region. */
const accountPlaceholder = 'ACCOUNT'
const regionPlaceholder = 'REGION'

const bucketOf = ({ settings, region }: Stage): string =>
  settings.artifactBucket ?? artifactBucketName(accountPlaceholder, region ?? regionPlaceholder)

/** The parameters of a plan, with placeholders for outputs of other stacks, and the template with the versions that these make. */
function sentBy(stage: Stage, plan: StackPlan): { readonly values: Readonly<Record<string, string>>; readonly body: string } {
  const outputs = plan.inputs.map(({ parameter, from }) => [parameter, `OUTPUT ${parameter} OF ${stackName(stage.name, from)}`])
  const values = { ...sentParameters(plan, bucketOf(stage)), ...Object.fromEntries(outputs) }
  return { values, body: withVersions(plan.template, values) }
}

/**
 * Writes what a deployment would send: one template and one parameter file per stack, in the AWS CLI's format, and the
 * functions' archives under their S3 keys. Needs no AWS account.
 * @returns the files, relative to `folder`
 * @throws Problem `input-invalid` if the folder is not writable
 */
export async function writeOut(stage: Stage, plans: readonly StackPlan[], folder: string): Promise<readonly string[]> {
  const written = new Map<string, string | Uint8Array>()
  for (const plan of plans) {
    const { key, name, code } = plan
    const { values, body } = sentBy(stage, plan)
    checkTemplateSize(name, body)
    const list = Object.entries(values).map(([name, value]) => ({
      ParameterKey: name,
      ParameterValue: value,
    }))
    written.set(`${key}.yaml`, body)
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
  const long = plans.filter((plan) => isLongTemplate(sentBy(stage, plan).body)).map(({ key }) => key)
  const upload = [
    ...(code || long.length > 0 ? [`aws s3 mb s3://${bucket} ${at}`] : []),
    ...(code ? [`aws s3 cp --recursive ${join(folder, 'assets')} s3://${bucket} ${at}`] : []),
    ...long.map((key) => `aws s3 cp ${join(folder, key)}.yaml s3://${bucket}/${key}.yaml ${at}`),
  ]
  const templateOption = (key: StackKey): string =>
    long.includes(key)
      ? `--template-url ${templateUrl(bucket, region, `${key}.yaml`)}`
      : `--template-body file://${join(folder, key)}.yaml`
  const first = plans.find(({ image }) => image !== undefined)
  const stacks = plans.flatMap(({ key, name, image }) => [
    ...(image !== undefined && key === first?.key ? handMadeImage(image, stage, region) : []),
    `aws cloudformation create-stack ${at} --stack-name ${name} ${templateOption(key)} --parameters file://${join(folder, key)}.parameters.json --capabilities CAPABILITY_NAMED_IAM --tags Key=apigw:stage,Value=${stage.name}${isKept(key) ? ' --enable-termination-protection' : ''}`,
    `aws cloudformation wait stack-create-complete ${at} --stack-name ${name}`,
    ...(plans.some(({ inputs }) => inputs.some(({ from }) => from === key))
      ? [`aws cloudformation describe-stacks ${at} --stack-name ${name} --query 'Stacks[0].Outputs' --output table`]
      : []),
  ])
  return [...upload, ...stacks]
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

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Problem } from '../../domain/problem.ts'
import { artifactBucketName } from './bucket.ts'
import type { StackPlan, Stage } from './plan.ts'
import { assetKey } from './upload.ts'

/** What stands for the account where none is known. */
const someAccount = 'ACCOUNT'
const someRegion = 'REGION'

const bucketOf = ({ settings, region }: Stage): string =>
  settings.artifactBucket ?? artifactBucketName(someAccount, region ?? someRegion)

/**
 * Writes what a deployment would send: a template and its parameters a stack, as the AWS CLI takes them, and the
 * functions' archives under their keys. Needs no account.
 * @returns the files, below `folder`
 * @throws Problem `input-invalid` where nothing can be written there
 */
export async function writeOut(stage: Stage, plans: readonly StackPlan[], folder: string): Promise<readonly string[]> {
  const bucket = bucketOf(stage)
  const written = new Map<string, string | Uint8Array>()
  for (const { key, template, parameters, code } of plans) {
    const keys = code.map(({ parameter, archive }) => [parameter, assetKey(archive, 'zip')] as const)
    const all = { ...parameters, ...(code.length > 0 && { CodeBucket: bucket }), ...Object.fromEntries(keys) }
    const list = Object.entries(all).map(([name, value]) => ({ ParameterKey: name, ParameterValue: value }))
    written.set(`${key}.yaml`, template)
    written.set(`${key}.parameters.json`, `${JSON.stringify(list, null, 2)}\n`)
    for (const { archive } of code) written.set(join('assets', assetKey(archive, 'zip')), archive)
  }
  try {
    await mkdir(join(folder, 'assets'), { recursive: true })
    await Promise.all([...written].map(([name, content]) => writeFile(join(folder, name), content)))
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? cause.code : cause
    throw new Problem('input-invalid', `Nothing can be written to ${folder}: ${reason}.`, {
      next: 'give --out a folder of yours, or one that is still to be made',
      cause,
    })
  }
  return [...written.keys()]
}

/** How somebody who has only the AWS CLI deploys what was written: the first time, in this order. */
export function byHand(stage: Stage, plans: readonly StackPlan[], folder: string): readonly string[] {
  const region = stage.region ?? someRegion
  const bucket = bucketOf(stage)
  const at = `--region ${region}`
  const code = plans.some((plan) => plan.code.length > 0)
  const upload = [`aws s3 mb s3://${bucket} ${at}`, `aws s3 cp --recursive ${join(folder, 'assets')} s3://${bucket} ${at}`]
  const stacks = plans.flatMap(({ key, name }) => [
    `aws cloudformation create-stack ${at} --stack-name ${name} --template-body file://${join(folder, key)}.yaml --parameters file://${join(folder, key)}.parameters.json --capabilities CAPABILITY_NAMED_IAM --tags Key=apigw:stage,Value=${stage.name}`,
    `aws cloudformation wait stack-create-complete ${at} --stack-name ${name}`,
  ])
  return [...(code ? upload : []), ...stacks]
}

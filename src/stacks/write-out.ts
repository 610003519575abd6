import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { artifactBucketName } from './bucket.ts'
import type { StackPlan, Stage } from './plan.ts'
import { assetKey } from './upload.ts'

/** What stands for the account where none is known. */
const someAccount = 'ACCOUNT'
const someRegion = 'REGION'

/**
 * Writes what a deployment would send: a template and its parameters a stack, as the AWS CLI takes them, and the
 * functions' archives under their keys. Needs no account.
 * @returns the files, below `folder`
 */
export async function writeOut(stage: Stage, plans: readonly StackPlan[], folder: string): Promise<readonly string[]> {
  const bucket = stage.settings.artifactBucket ?? artifactBucketName(someAccount, stage.region ?? someRegion)
  const written = new Map<string, string | Uint8Array>()
  for (const { key, template, parameters, code } of plans) {
    const keys = code.map(({ parameter, archive }) => [parameter, assetKey(archive, 'zip')] as const)
    const all = { ...parameters, ...(code.length > 0 && { CodeBucket: bucket }), ...Object.fromEntries(keys) }
    const list = Object.entries(all).map(([name, value]) => ({ ParameterKey: name, ParameterValue: value }))
    written.set(`${key}.yaml`, template)
    written.set(`${key}.parameters.json`, `${JSON.stringify(list, null, 2)}\n`)
    for (const { archive } of code) written.set(join('assets', assetKey(archive, 'zip')), archive)
  }
  await mkdir(join(folder, 'assets'), { recursive: true })
  await Promise.all([...written].map(([name, content]) => writeFile(join(folder, name), content)))
  return [...written.keys()]
}
